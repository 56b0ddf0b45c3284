/**
 * Builds and packs the packages, installs the tarballs beside the libraries they are compared with, and runs
 * a benchmark on what is installed. `bench/README.md` says what is measured and which options there are.
 *
 *   pnpm bench local [--quick] [--only put4k-c1] [--subjects stowage-rename] [--against COMMIT]
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** What each benchmark needs installed. */
const PACKAGES = {
  local: ["core", "local"],
  s3: ["core", "s3"],
  compose: ["core", "journal", "local", "s3"],
  core: ["core", "journal"],
  hang: ["core"],
  http: ["core", "http", "local"],
};

const repository = fileURLToPath(new URL("..", import.meta.url));
const bench = path.join(repository, "bench");
const packed = path.join(bench, ".packed");

const [suite = "", ...options] = process.argv.slice(2);
if (!Object.hasOwn(PACKAGES, suite)) {
  console.error(`usage: pnpm bench ${Object.keys(PACKAGES).join("|")} [options, see bench/README.md]`);
  process.exit(2);
}
const at = options.indexOf("--against");
const [, against] = at === -1 ? [] : options.splice(at, 2);
if (at !== -1 && against === undefined) {
  console.error("--against needs a commit");
  process.exit(2);
}
packAll(repository, PACKAGES[suite], packed);
installPeers();
installPacked();
const env =
  against === undefined ? process.env : { ...process.env, STOWAGE_BENCH_BEFORE: installBefore(against) };
const program = path.join(bench, "src", `${suite}.mjs`);
const finished = spawnSync(process.execPath, [...process.execArgv, program, ...options], {
  stdio: "inherit",
  env,
});
process.exitCode = finished.status ?? 1;

/** Always anew, so that no stale build is measured. */
function packAll(from, names, to) {
  rmSync(to, { recursive: true, force: true });
  mkdirSync(to, { recursive: true });
  for (const name of names) {
    pnpm(from, "--filter", `@stowage/${name}`, "build");
    pnpm(from, "--filter", `@stowage/${name}`, "pack", "--pack-destination", to);
  }
}

/** Builds and installs the packages of another commit. Returns the folder that has them. */
function installBefore(commit) {
  const folder = mkdtempSync(path.join(tmpdir(), "stowage-before-"));
  const tree = path.join(folder, "tree");
  const tarballs = path.join(folder, "packed");
  process.once("exit", () => {
    spawnSync("git", ["worktree", "remove", "--force", tree], { cwd: repository });
    rmSync(folder, { recursive: true, force: true });
  });
  run(repository, "git", "worktree", "add", "--detach", tree, commit);
  pnpm(tree, "install", "--frozen-lockfile", "--prefer-offline");
  packAll(tree, PACKAGES[suite], tarballs);
  npmInstall(tarballs);
  return path.join(tarballs, "node_modules");
}

function installPeers() {
  pnpm(bench, "install", "--ignore-workspace", "--frozen-lockfile", "--prefer-offline");
}

/** With npm and a folder of their own: no lockfile can know the digest of what was packed a moment ago. */
function installPacked() {
  npmInstall(packed);
  const link = path.join(bench, "node_modules", "@stowage");
  rmSync(link, { recursive: true, force: true });
  symlinkSync(path.join(packed, "node_modules", "@stowage"), link, "junction");
}

function npmInstall(folder) {
  const files = readdirSync(folder)
    .filter((name) => name.endsWith(".tgz"))
    .map((name) => `./${name}`);
  run(folder, "npm", "install", "--prefix", folder, "--no-package-lock", "--no-audit", "--no-fund", ...files);
}

function pnpm(folder, ...args) {
  run(folder, "npx", "-y", "pnpm@12", ...args);
}

/** What a step prints matters only when it fails. */
function run(folder, command, ...args) {
  console.error(`  ${[command, ...args].join(" ")}`.replaceAll(repository, ""));
  const shell = process.platform === "win32";
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: folder,
    encoding: "utf8",
    shell,
  });
  if (status === 0) return;
  console.error(`${stdout ?? ""}${stderr ?? ""}${error ?? ""}`);
  process.exit(1);
}

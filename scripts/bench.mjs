/**
 * Builds and packs the packages, installs the tarballs beside the libraries they are compared with, and runs
 * a benchmark on what is installed. `bench/README.md` says what is measured and which options there are.
 *
 *   pnpm bench local [--quick] [--only put4k-c1] [--subjects stowage-rename]
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** What each benchmark needs installed. */
const PACKAGES = {
  local: ["core", "local"],
  s3: ["core", "s3"],
  compose: ["core", "journal", "local", "s3"],
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
packAll(PACKAGES[suite]);
installPeers();
installPacked();
const program = path.join(bench, "src", `${suite}.mjs`);
const finished = spawnSync(process.execPath, [...process.execArgv, program, ...options], {
  stdio: "inherit",
});
process.exitCode = finished.status ?? 1;

/** Always anew, so that no stale build is measured. */
function packAll(names) {
  rmSync(packed, { recursive: true, force: true });
  mkdirSync(packed, { recursive: true });
  for (const name of names) {
    pnpm(repository, "--filter", `@stowage/${name}`, "build");
    pnpm(repository, "--filter", `@stowage/${name}`, "pack", "--pack-destination", packed);
  }
}

function installPeers() {
  pnpm(bench, "install", "--ignore-workspace", "--frozen-lockfile", "--prefer-offline");
}

/** With npm and a folder of their own: no lockfile can know the digest of what was packed a moment ago. */
function installPacked() {
  const tarballs = readdirSync(packed).filter((name) => name.endsWith(".tgz"));
  const files = tarballs.map((name) => `./${name}`);
  run(packed, "npm", "install", "--prefix", packed, "--no-package-lock", "--no-audit", "--no-fund", ...files);
  const link = path.join(bench, "node_modules", "@stowage");
  rmSync(link, { recursive: true, force: true });
  symlinkSync(path.join(packed, "node_modules", "@stowage"), link, "junction");
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

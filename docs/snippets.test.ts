import { execFile } from "node:child_process";
import { build, type Plugin } from "esbuild";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { isAbsolute, join, parse } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const run = promisify(execFile);
const root = fileURLToPath(new URL("..", import.meta.url));

interface Snippet {
  /** Where it stands: the file, and which of its blocks. */
  readonly title: string;
  readonly code: string;
}

/** Parts that are generated from files, which have tests of their own. */
const GENERATED = /<!-- ([a-z-]+) -->.*?<!-- \/\1 -->/gs;
/** A block may have a title, as tabs have. */
const BLOCK = /^```ts(?: \[[^\]]*\])?\n(.*?)^```$/gms;
const FOLDERS = ["docs/guide", "docs/stores", "docs/migrate"];

/** Runs before a snippet. Its servers listen on a free port of this machine and let the process end; other machines are out of reach. */
const PRELOADED = `
import dns from "node:dns";
import { Server } from "node:net";
const { listen } = Server.prototype;
const { lookup } = dns;
Server.prototype.listen = function (...options) {
  const done = options.find((option) => typeof option === "function");
  return listen.call(this, { host: "127.0.0.1", port: 0 }, done).unref();
};
dns.lookup = (name, ...options) => {
  if (name === "127.0.0.1" || name === "localhost") return lookup(name, ...options);
  const error = Object.assign(new Error("getaddrinfo ENOTFOUND " + name), { code: "ENOTFOUND", syscall: "getaddrinfo" });
  process.nextTick(options.at(-1), error);
};
`;

const VARIABLES = { AWS_ACCESS_KEY_ID: "key", AWS_SECRET_ACCESS_KEY: "secret", AWS_REGION: "eu-central-1" };

async function findSnippets(): Promise<readonly Snippet[]> {
  const pages = ["README.md"];
  for (const folder of FOLDERS) {
    const names = existsSync(join(root, folder)) ? await readdir(join(root, folder)) : [];
    pages.push(...names.filter((name) => name.endsWith(".md")).map((name) => `${folder}/${name}`));
  }
  for (const name of await readdir(join(root, "packages"))) pages.push(`packages/${name}/README.md`);
  const found: Snippet[] = [];
  for (const page of pages) {
    const text = (await readFile(join(root, page), "utf8")).replaceAll(GENERATED, "");
    for (const [index, [, code = ""]] of [...text.matchAll(BLOCK)].entries())
      found.push({ title: `${page} ${index + 1}`, code });
  }
  return found;
}

const snippets = await findSnippets();
let folder: string;

function fileOf({ title }: Snippet): string {
  return join(folder, `${title.replaceAll(/[^A-Za-z0-9]+/g, "-")}.ts`);
}

/** Bundles the snippets with the sources of the packages. Other packages are loaded from where they are installed. */
async function bundle(): Promise<void> {
  const installed: Plugin = {
    name: "installed",
    setup(bundler) {
      bundler.onResolve({ filter: /^[^./]/ }, async ({ path, importer, resolveDir, kind, pluginData }) => {
        if (path.includes("stowage") || path.startsWith("node:") || pluginData === "asked") return undefined;
        if (kind === "entry-point") return undefined;
        const found = await bundler.resolve(path, { importer, resolveDir, kind, pluginData: "asked" });
        return isAbsolute(found.path) ? { path: pathToFileURL(found.path).href, external: true } : found;
      });
    },
  };
  await build({
    entryPoints: [...snippets.map(fileOf), join(root, "packages/journal/src/writer-thread.ts")],
    entryNames: "[name]",
    outdir: join(folder, "bundled"),
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    platform: "node",
    format: "esm",
    target: "node20",
    plugins: [installed],
    tsconfig: join(root, "tsconfig.base.json"),
    logLevel: "silent",
  });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "stowage-docs-"));
  await symlink(join(root, "docs/node_modules"), join(folder, "node_modules"));
  await writeFile(join(folder, "package.json"), '{ "type": "module" }');
  await writeFile(join(folder, "preloaded.mjs"), PRELOADED);
  for (const snippet of snippets) await writeFile(fileOf(snippet), `${snippet.code}\nexport {};\n`);
  await bundle();
});

afterAll(() => rm(folder, { recursive: true }));

describe("the code in the documentation", () => {
  it("compiles", { timeout: 300_000 }, () => {
    const { config } = ts.readConfigFile(join(root, "tsconfig.base.json"), ts.sys.readFile) as {
      config: object;
    };
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
    const program = ts.createProgram(snippets.map(fileOf), {
      ...options,
      noEmit: true,
      isolatedDeclarations: false,
      declaration: false,
      typeRoots: [join(root, "node_modules/@types")],
    });
    const problems = ts.getPreEmitDiagnostics(program).map(({ file, messageText }) => {
      return `${file?.fileName ?? ""}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
    });
    expect(problems).toEqual([]);
  });

  it.each(snippets)("$title runs", { timeout: 60_000 }, async (snippet) => {
    const file = join(folder, "bundled", `${parse(fileOf(snippet)).name}.mjs`);
    const { stderr } = await run(process.execPath, ["--import", join(folder, "preloaded.mjs"), file], {
      cwd: folder,
      env: { ...process.env, ...VARIABLES },
    });
    expect(stderr).not.toContain("Error");
  });
});

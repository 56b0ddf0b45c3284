// The packages as one bundle, which child processes load in a fraction of the time that the sources take.
import { build } from "esbuild";
import { mkdir, realpath, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const PACKAGES = fileURLToPath(new URL("../../packages/", import.meta.url));
const NAMES = ["core", "local", "journal", "s3"];

/** Dependencies that are loaded as they are, and the packages that have them. */
const THEIR_OWN: ReadonlyMap<string, string> = new Map([
  ["libsql", "journal"],
  ["@aws-sdk/client-s3", "s3"],
]);

/** Makes the packages importable by their names in a folder. */
export async function bundlePackages(folder: string): Promise<void> {
  const scope = join(folder, "node_modules/@stowage");
  const entries = NAMES.map((name) => [name, join(PACKAGES, name, "src/index.ts")] as const);
  await build({
    entryPoints: {
      ...Object.fromEntries(entries),
      "writer-thread": join(PACKAGES, "journal/src/writer-thread.ts"),
    },
    outdir: join(scope, "bundle"),
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    platform: "node",
    format: "esm",
    target: "node20",
    logLevel: "silent",
    external: [...THEIR_OWN.keys()],
    // What is CommonJS inside, such as mime-types, asks for Node's modules by require.
    banner: {
      js: 'import { createRequire as requireOf } from "node:module"; const require = requireOf(import.meta.url);',
    },
  });
  for (const name of NAMES) {
    await mkdir(join(scope, name));
    await writeFile(join(scope, name, "package.json"), '{ "type": "module", "exports": "./index.js" }');
    await writeFile(join(scope, name, "index.js"), `export * from "../bundle/${name}.mjs";\n`);
  }
  for (const [name, owner] of THEIR_OWN) {
    const link = join(folder, "node_modules", name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(await realpath(join(PACKAGES, owner, "node_modules", name)), link);
  }
}

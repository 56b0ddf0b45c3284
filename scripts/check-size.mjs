// Fails when core grows over its budgets: what a bundler makes of what people load, minified and compressed.
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";
import { build } from "esbuild";

/** One row for each thing that people load, in bytes; raised on purpose, in a commit that says why. */
const BUDGETS = [
  { title: "one store", code: 'export { createStorage, memory } from "@stowage/core";', bytesMax: 28_000 },
  {
    title: "with every composer",
    code: 'export { createStorage, fallback, memory, mirror, split } from "@stowage/core";',
    bytesMax: 62_000,
  },
  { title: "all of @stowage/core", code: 'export * from "@stowage/core";', bytesMax: 68_000 },
  {
    title: "all of @stowage/core/provider",
    code: 'export * from "@stowage/core/provider";',
    bytesMax: 20_000,
  },
  { title: "all of @stowage/core/journal", code: 'export * from "@stowage/core/journal";', bytesMax: 6_000 },
];

for (const { title, code, bytesMax } of BUDGETS) {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: fileURLToPath(new URL("..", import.meta.url)) },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform: "node",
    target: "node20",
    external: ["mime-types", "p-retry"],
  });
  const bytes = brotliCompressSync(outputFiles[0].contents).length;
  console.log(`${title}: ${bytes} of ${bytesMax} bytes`);
  if (bytes > bytesMax) process.exitCode = 1;
}

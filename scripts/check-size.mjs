// Fails when core grows over its budgets: what a bundler makes of what an application uses, minified and compressed.
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";
import { build } from "esbuild";

/** What each set of exports may take, in bytes; raised on purpose, in a commit that says why. */
const BUDGETS = [
  // One store, as most applications begin.
  {
    title: "createStorage",
    code: 'export { createStorage, memory } from "@stowage/core";',
    bytesMax: 20_000,
  },
  // The composers with a journal are a third of it: what has no counterpart in a smaller library.
  { title: "everything", code: 'export * from "@stowage/core";', bytesMax: 48_000 },
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
  console.log(`@stowage/core, ${title}: ${bytes} of ${bytesMax} bytes`);
  if (bytes > bytesMax) process.exitCode = 1;
}

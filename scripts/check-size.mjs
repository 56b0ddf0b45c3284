// Fails when core grows over its budget: what a bundler makes of all its exports, minified and compressed.
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";
import { build } from "esbuild";

/** The size when the budget was set, and 30 % to grow; raise it on purpose, in a commit that says why. */
const BROTLI_BYTES_MAX = 26_000;

const { outputFiles } = await build({
  entryPoints: [fileURLToPath(new URL("../packages/core/src/index.ts", import.meta.url))],
  bundle: true,
  minify: true,
  write: false,
  format: "esm",
  platform: "node",
  target: "node20",
  packages: "external",
});
const bytes = brotliCompressSync(outputFiles[0].contents).length;
console.log(`@stowage/core: ${bytes} of ${BROTLI_BYTES_MAX} bytes`);
if (bytes > BROTLI_BYTES_MAX) process.exitCode = 1;

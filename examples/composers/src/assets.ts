import { readFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { createRequire } from "node:module";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);

/** The files of the page, by their paths. */
const ASSETS: Readonly<Record<string, string>> = {
  "/": publicFile("index.html"),
  "/vendor/tus.js": require.resolve("tus-js-client/dist/tus.min.js"),
  ...Object.fromEntries(
    [
      "style.css",
      "page.js",
      "live.js",
      "kinds.js",
      "members.js",
      "files.js",
      "load-picture.js",
      "uploads.js",
      "upload-row.js",
      "pictures.js",
      "player.js",
      "rollout.js",
      "words.js",
    ].map((name) => [`/${name}`, publicFile(name)]),
  ),
};

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
};

/** The page loads nothing from elsewhere. */
const POLICY = "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; style-src 'self'";

function publicFile(name: string): string {
  return fileURLToPath(new URL(`../public/${name}`, import.meta.url));
}

/** Sends a file of the page. Returns `false` when no file has this path. */
export async function sendAsset(path: string, response: ServerResponse): Promise<boolean> {
  const file = Object.hasOwn(ASSETS, path) ? ASSETS[path] : undefined;
  if (file === undefined) return false;
  const bytes = await readFile(file);
  response
    .writeHead(200, {
      "content-type": TYPES[extname(file)] ?? "application/octet-stream",
      "content-security-policy": POLICY,
      "x-content-type-options": "nosniff",
      "cache-control": "no-cache",
    })
    .end(bytes);
  return true;
}

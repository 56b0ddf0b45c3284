import { logEvents } from "@stowage/http";
import { openStorage, storeRenditions } from "./renditions.js";

const [videoId, ...files] = process.argv.slice(2);
if (videoId === undefined || files.length === 0) {
  console.error("Usage: npm start -- VIDEO_ID QUALITY=FILE ...   such as: npm start -- 42 720p=film.mp4");
  process.exit(2);
}
const renditions = files.map((text) => {
  const [quality = "", path = ""] = text.split("=");
  return { quality, path };
});
const storage = await openStorage(process.env, {
  onEvent: logEvents({ ...console, debug: () => {} }),
});
const stored = await storeRenditions(storage, videoId, renditions, ({ quality }, { loaded, total }) => {
  console.log(`${quality}: ${loaded} of ${total ?? "?"} bytes`);
});
for (const { quality, url, error } of stored) console.log(`${quality}: ${url ?? String(error)}`);
await storage.close();
process.exitCode = stored.some(({ error }) => error !== undefined) ? 1 : 0;

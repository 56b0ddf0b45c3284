import { fromFile } from "../body/file-body.js";
import { Readable } from "node:stream";
import type { BodyInput } from "../body/body.js";
import { fallback } from "../compose/fallback.js";
import { createStorage } from "./create-storage.js";
import { memory } from "../memory/memory.js";
import type { Body, StorageProvider } from "../contract/provider.js";
import type { FileStorage } from "./storage.js";
import type { ObjectInfo } from "../contract/object.js";

const storage: FileStorage = createStorage(memory());

/** Every accepted kind of body compiles. */
export const bodies: readonly BodyInput[] = [
  "text",
  new Uint8Array(),
  Buffer.from("x"),
  new ArrayBuffer(1),
  new Blob(["x"]),
  new File(["x"], "x"),
  Readable.from(["x"]),
  new ReadableStream<Uint8Array>(),
  (async function* () {
    yield Buffer.from("x");
  })(),
  fromFile("/tmp/x"),
  () => "text",
  async () => Readable.from(["x"]),
];

/** What is no body does not compile. */
// @ts-expect-error -- a number is no body
await storage.put("a", 5);
// @ts-expect-error -- an array of numbers is no body
await storage.put("a", [1, 2]);
// @ts-expect-error -- a promise is no body; a function of one is
await storage.put("a", Promise.resolve("x"));
// @ts-expect-error -- a function that returns a function is no body
await storage.put("a", () => () => "x");

/** What is the library's own business is no option of the facade. */
// @ts-expect-error -- write ids are made by wrappers and composers
await storage.put("a", "x", { writeId: "w" });
// @ts-expect-error -- one listener, given to createStorage
await storage.put("a", "x", { onEvent: () => {} });
// @ts-expect-error -- refs are read through at(ref)
await storage.get("a", { ref: "memory://memory/a" });

/** Options that mean nothing do not compile. */
// @ts-expect-error -- only "*"
await storage.put("a", "x", { ifNoneMatch: '"etag"' });
// @ts-expect-error -- a range has an offset or a suffix
await storage.get("a", { range: { length: 5 } });
// @ts-expect-error -- only "/"
await storage.listPage({ delimiter: "-" });
// @ts-expect-error -- an iteration over all objects has no common prefixes
storage.list({ delimiter: "/" });
// @ts-expect-error -- a chain goes on after these codes anyway, or never
fallback([memory()], { fallbackOn: ["NotFound"] });
// @ts-expect-error -- the two modes
fallback([memory()], { overwrites: true });

/** What is read cannot be changed by mistake. */
declare const info: ObjectInfo;
// @ts-expect-error -- read-only
info.size = 5;

/** Members are function properties: a provider can be taken apart. */
const { put, get }: StorageProvider = memory();
declare const body: Body;
export const calls: readonly Promise<unknown>[] = [put("a", body, {}), get("a", {})];

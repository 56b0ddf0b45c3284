/**
 * A put and a get by a process whose application has the SDK for itself, with whatever is in its environment. Prints
 * what came of it.
 */
import { createStorage } from "@stowage/core";
import { createRequire } from "node:module";
import { cloudinary } from "./cloudinary.js";
import type { CloudinaryOptions } from "./cloudinary-options.js";
import { renameObject } from "./rename.js";

interface OwnSdk {
  readonly v2: { readonly config: () => { readonly cloud_name?: string } };
}

const require = createRequire(import.meta.url);

/** The application's own; a malformed variable makes it throw. */
function ownSdk(): OwnSdk | undefined {
  try {
    return require("cloudinary") as OwnSdk;
  } catch {
    return undefined;
  }
}

const before = ownSdk();
const cloudBefore = before?.v2.config().cloud_name;
const options = JSON.parse(process.env["STOWAGE_TEST_OPTIONS"] ?? "{}") as CloudinaryOptions;
const provider = cloudinary(options);
const storage = createStorage(provider, { retry: false });
await storage.put("a.txt", "abc");
await renameObject(provider, "a.txt", "b.txt");
const text = await (await storage.get("b.txt")).text();
await storage.close();
const after = ownSdk();
const cloudAfter = after?.v2.config().cloud_name;
process.stdout.write(JSON.stringify({ text, cloudBefore, cloudAfter, isSameModule: before === after }));

import { SUPPORTS_ALL, prefixed, type StorageProvider } from "@stowage/core/provider";
import type { Account } from "./account.js";
import { toSettings, type CloudinaryOptions } from "./cloudinary-options.js";
import { copyObject, importObject } from "./copy.js";
import { deleteObject } from "./delete.js";
import { getObject } from "./get.js";
import { headObject } from "./head.js";
import { signUpload, signedUrl } from "./links.js";
import { listObjects } from "./list.js";
import { createMapping, PUBLIC_ID_LENGTH_MAX } from "./mapping.js";
import { OWN } from "./own-provider.js";
import { createPlaces } from "./places.js";
import { putObject } from "./put.js";
import { wireClient } from "./wire/wire-client.js";

/**
 * Returns a provider that stores objects in an account of Cloudinary.
 *
 * A put stores the whole object or nothing. A body larger than a chunk is sent in chunks. Only one chunk at a time is
 * in memory, and each chunk is retried separately. Only listings use the Admin API, whose calls are limited. The calls
 * that read facts have no such limit. The configuration of the SDK and `CLOUDINARY_URL` in the environment are neither
 * used nor changed.
 *
 * @throws TypeError that names all options that are missing or wrong.
 * @example
 * ```ts
 * const storage = createStorage(cloudinary({ url: process.env["CLOUDINARY_URL"] }));
 * ```
 */
export function cloudinary(options: CloudinaryOptions): StorageProvider {
  const settings = toSettings(options);
  const mapping = createMapping(settings.mapping);
  const account: Account = {
    name: settings.name,
    settings,
    mapping,
    client: wireClient(settings),
    places: createPlaces(settings, mapping),
    learnt: new Map(),
  };
  const { keyPrefix } = settings;
  const whole = verbsOf(account);
  return OWN.remember(keyPrefix === "" ? whole : prefixed(whole, keyPrefix), { account, keyPrefix });
}

function verbsOf(account: Account): StorageProvider {
  const { name, settings, places, client } = account;
  const isPublic = settings.deliveryType === "upload";
  return {
    name,
    supports: {
      ...SUPPORTS_ALL,
      ifMatch: false,
      conditionalDelete: false,
      orderedList: false,
      emptyObject: false,
      // This is the limit for keys that need no encoding. An encoded character takes more than one byte.
      keyBytesMax: PUBLIC_ID_LENGTH_MAX,
      objectBytesMax: settings.objectBytesMax,
      bufferedBytes: settings.chunkBytes,
    },
    put: (key, body, call) => putObject(account, key, body, call),
    get: (key, call) => getObject(account, key, call),
    head: (key, call) => headObject(account, key, call),
    delete: (key, call) => deleteObject(account, key, call),
    list: (call) => listObjects(account, call),
    ref: places.ref,
    locate: places.locate,
    copy: (from, to, call) => copyObject(account, from, to, call),
    importFrom: (key, url, call) => importObject(account, key, url, call),
    publicUrl: isPublic ? places.publicUrl : undefined,
    signedUrl: (key, call) => signedUrl(account, key, call),
    signUpload: settings.signedUploads && ((key, call) => signUpload(account, key, call)),
    describe: () => ({
      kind: "provider",
      type: "cloudinary",
      name,
      promises: ["a put stores the whole object or nothing", "a read never returns an old copy from the CDN"],
      limits: [
        "a public id has at most 255 characters",
        "listings count against the limit of the Admin API",
        "a signed upload fixes the key, but not the length",
      ],
    }),
    close: async () => client.close(),
  };
}

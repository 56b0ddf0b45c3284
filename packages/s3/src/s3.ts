import { SUPPORTS_ALL, prefixed, type StorageProvider, type Supports } from "@stowage/core/provider";
import { clientUploads } from "./links/client-uploads.js";
import { copyObject } from "./copy.js";
import { deleteObject, deleteObjects } from "./delete.js";
import { DIALECTS, type Dialect } from "./server/dialect.js";
import { getObject } from "./get.js";
import { headObject } from "./head.js";
import { signUpload, signedUrl } from "./links/links.js";
import { listObjects } from "./list.js";
import { assertObjectOptions, withoutDefaults, type ObjectOptions } from "./server/object-options.js";
import { OWN } from "./own-provider.js";
import { createPlaces } from "./places.js";
import { putObject } from "./put.js";
import { assertForServer, assertOptions, type S3Options } from "./s3-options.js";
import { connect } from "./connection/connect.js";
import type { Server, WatchedServer } from "./server/server.js";
import { watchServer } from "./server/watch-server.js";
import { dialectOf } from "./server/vendors.js";
import { chooseWire } from "./wire/choose.js";
import type { Store } from "./store.js";

/**
 * Makes a provider that stores objects in a bucket of AWS S3, or of a server that speaks the protocol of S3.
 *
 * A put stores the whole object or nothing. Bodies larger than a part are sent in parts, several at the same time, and
 * each part is retried separately. If a put fails, no part is left on the server. Some servers ignore some fields of a
 * request, such as a condition. The provider knows these servers, and refuses such a request before any byte is sent.
 *
 * @throws TypeError for options of the wrong type.
 * @example
 * ```ts
 * const storage = createStorage(s3({ bucket: "videos", region: "eu-central-1" }));
 * ```
 */
export function s3(options: S3Options): StorageProvider {
  assertOptions(options);
  const server = watchServer(options);
  const dialect = chosenDialect(options, server.now());
  assertForServer(options, dialect);
  return providerOf(createStore(options, server, dialect), options.keyPrefix ?? "");
}

function providerOf(store: Store, keyPrefix: string): StorageProvider {
  const whole = verbsOf(store);
  return OWN.remember(keyPrefix === "" ? whole : prefixed(whole, keyPrefix), { store, keyPrefix });
}

/**
 * Makes a provider for the same bucket that stores objects with other options, such as a different storage class or different
 * tags. Both providers share their connections.
 *
 * @param provider - A provider that `s3()` returned.
 * @param objects - The new options. Each of them replaces the provider's option of the same name.
 * @throws TypeError for a provider that `s3()` did not return, and for options that `s3` would refuse.
 * @example
 * ```ts
 * const archive = createStorage(withObjectOptions(provider, { storageClass: "GLACIER_IR", tags: { kind: "master" } }));
 * ```
 */
export function withObjectOptions(provider: StorageProvider, objects: ObjectOptions): StorageProvider {
  const { store, keyPrefix } = OWN.require(provider, "withObjectOptions");
  assertObjectOptions(objects, store.dialect);
  const given = Object.entries(objects).filter(([, value]) => value !== undefined);
  const all = withoutDefaults({ ...store.objects, ...Object.fromEntries(given) }, store.dialect);
  const { storing } = store;
  return providerOf(
    { ...store, ...storing(all), objects: all, encrypts: false, knowsClass: false },
    keyPrefix,
  );
}

const CONCURRENCY = 4;

/**
 * Returns the dialect. An unknown server is not treated like AWS, because an unknown server might silently ignore conditions.
 */
function chosenDialect({ dialect }: S3Options, { endpoint, isKnown }: Server): Dialect {
  if (dialect === undefined) return isKnown ? dialectOf(endpoint) : DIALECTS.generic;
  return typeof dialect === "string" ? DIALECTS[dialect] : dialect;
}

function createStore(options: S3Options, server: WatchedServer, dialect: Dialect): Store {
  const { bucket, credentials, client, publicBaseUrl, publicEndpoint } = options;
  const name = options.name ?? "s3";
  const { endpoint } = server.now();
  const unsignedPayload = options.unsignedPayload ?? !isPlainHttp(endpoint);
  const objects = withoutDefaults(options.objects ?? {}, dialect);
  const wire = chooseWire({
    wanted: options.wire ?? "auto",
    bucket,
    server: server.now(),
    hasClient: client !== undefined,
  });
  const request = { bucket, server, publicEndpoint, credentials, unsignedPayload, client, wire };
  return {
    ...connect(request, dialect, objects),
    name,
    bucket,
    open: (other) => connect(request, other, objects).client,
    wire,
    objects,
    encrypts: false,
    knowsClass: false,
    places: createPlaces({ provider: name, bucket, server: server.now, publicEndpoint, publicBaseUrl }),
    dialect,
    partSizeBytes: options.partSizeBytes ?? dialect.partBytesMin,
    concurrency: options.concurrency ?? CONCURRENCY,
    uploader: options.uploader ?? "pooled",
    cloudFront: options.cloudFront,
    server: server.now,
    canList: options.canList ?? true,
    clientOfCaller: client,
    uploads: new Set(),
    bucketSeenAt: Number.NEGATIVE_INFINITY,
  };
}

function isPlainHttp(endpoint: string | undefined): boolean {
  return endpoint !== undefined && new URL(endpoint).protocol === "http:";
}

/** Tells whether everyone can read the objects, according to the provider's options. */
function isPublic({ places, objects }: Store): boolean {
  return places.hasPublicBase || objects.acl === "public-read";
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const OBJECT_BYTES_MAX = 5 * 1024 ** 4;

function supportsOf({ dialect, canList, partSizeBytes, concurrency }: Store): Supports {
  return {
    ...SUPPORTS_ALL,
    ifNoneMatch: dialect.conditionalPut,
    ifMatch: dialect.conditionalPut && dialect.conditionalComplete,
    ifNoneMatchOnMultipart: dialect.conditionalComplete,
    conditionalDelete: dialect.conditionalDelete,
    objectBytesMax: OBJECT_BYTES_MAX,
    // The next part is filled while the other parts are sent.
    bufferedBytes: (concurrency + 1) * partSizeBytes,
    list: canList,
  };
}

const NO_LIST = "the objects cannot be listed: the credentials lack s3:ListBucket (canList: false)";

function verbsOf(store: Store): StorageProvider {
  const { name, places, dialect } = store;
  return {
    name,
    supports: supportsOf(store),
    put: (key, body, call) => putObject(store, key, body, call),
    get: (key, call) => getObject(store, key, call),
    head: (key, call) => headObject(store, key, call),
    delete: (key, call) => deleteObject(store, key, call),
    list: (call) => listObjects(store, call),
    ref: places.ref,
    locate: places.locate,
    copy: (from, to, call) => copyObject(store, { store, key: from }, to, call),
    deleteMany: (keys, call) => deleteObjects(store, keys, call),
    publicUrl: isPublic(store) ? places.publicUrl : undefined,
    signedUrl: (key, call) => signedUrl(store, key, call),
    signUpload: (key, call) => signUpload(store, key, call),
    multipart: clientUploads(store),
    describe: () => ({
      kind: "provider",
      type: "s3",
      name,
      promises: ["a put stores the whole object or nothing", "a put that fails leaves no part on the server"],
      notes: [`requests are sent by the wire "${store.wire.wire}": ${store.wire.reason}`],
      limits: [
        `only the features of the dialect "${dialect.name}" are used`,
        ...(store.canList ? [] : [NO_LIST]),
      ],
    }),
    close: async () => store.client.close(),
  };
}

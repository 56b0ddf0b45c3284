import { keyProblem, knownNames, type OptionNames } from "@stowage/core/provider";
import type { DeliveryType, MappingName } from "./mapping.js";

/** The options of `cloudinary()`: the account, and the settings for its use. */
export interface CloudinaryOptions {
  /**
   * The URL of the account as Cloudinary's console shows it, such as `cloudinary://key:secret@cloud`. The other options
   * take precedence over the parts of this URL.
   *
   * @default none
   */
  readonly url?: string | undefined;
  /**
   * The name of the cloud.
   *
   * @default the one in `url`
   */
  readonly cloudName?: string | undefined;
  /**
   * The account's key.
   *
   * @default the one in `url`
   */
  readonly apiKey?: string | undefined;
  /**
   * The account's secret. It signs requests and never leaves this process.
   *
   * @default the one in `url`
   */
  readonly apiSecret?: string | undefined;
  /**
   * The provider's name in errors, logs and composers.
   *
   * @default `"cloudinary"`
   */
  readonly name?: string | undefined;
  /**
   * The text that is put in front of every key. It ends with `/`.
   *
   * @default none
   */
  readonly keyPrefix?: string | undefined;
  /**
   * The mapping of keys to assets. With `"media"`, the extension of the key decides how a file is stored. Images and
   * videos are stored as images and videos, so that Cloudinary can transform them. All other files are stored as raw
   * files. With `"raw"`, all files are stored as raw files. Do not change the mapping after files have been stored.
   *
   * @default `"media"`
   */
  readonly mapping?: MappingName | undefined;
  /**
   * The delivery type of the assets. With `"upload"`, anyone with the URL of an asset can read the asset.
   *
   * @default `"upload"`
   */
  readonly deliveryType?: DeliveryType | undefined;
  /**
   * The address of the API. The address depends on the region of the account.
   *
   * @default `https://api.cloudinary.com`
   */
  readonly uploadPrefix?: string | undefined;
  /**
   * The start of every delivery URL.
   *
   * @default `https://res.cloudinary.com/<cloud>`
   */
  readonly deliveryBaseUrl?: string | undefined;
  /**
   * The digest for signatures. It must match the setting of the account.
   *
   * @default `"sha1"`
   */
  readonly signatureAlgorithm?: "sha1" | "sha256" | undefined;
  /**
   * The size of a chunk in bytes, from 6 MiB to 100 MB. Larger bodies are sent in chunks of this size. Only one chunk
   * at a time is in memory.
   *
   * @default 10 MiB
   */
  readonly chunkBytes?: number | undefined;
  /**
   * The largest file that the plan allows, in bytes.
   *
   * @default none: no limit is known beforehand
   */
  readonly objectBytesMax?: number | undefined;
  /**
   * Lets clients upload straight to Cloudinary, with a form or with a PUT. Cloudinary's signatures cover the key, but
   * not the length or the type of the bytes that a client sends. Check the object afterwards, or when a notification
   * arrives.
   *
   * @default none: clients cannot upload
   */
  readonly signedUploads?: "form" | "put" | undefined;
  /**
   * The time limit for making a connection, in milliseconds.
   *
   * @default 3,000
   */
  readonly connectMs?: number | undefined;
  /**
   * The time limit within which an answer has to begin, in milliseconds. Large uploads get more time.
   *
   * @default 15,000
   */
  readonly firstByteMs?: number | undefined;
}

const CLOUDINARY_OPTIONS: OptionNames<CloudinaryOptions> = {
  url: true,
  cloudName: true,
  apiKey: true,
  apiSecret: true,
  name: true,
  keyPrefix: true,
  mapping: true,
  deliveryType: true,
  uploadPrefix: true,
  deliveryBaseUrl: true,
  signatureAlgorithm: true,
  chunkBytes: true,
  objectBytesMax: true,
  signedUploads: true,
  connectMs: true,
  firstByteMs: true,
};

/** The options with all defaults filled in. */
export interface Settings {
  readonly name: string;
  readonly cloudName: string;
  readonly apiKey: string;
  readonly apiSecret: string;
  readonly keyPrefix: string;
  readonly mapping: MappingName;
  readonly deliveryType: DeliveryType;
  readonly uploadPrefix: string;
  readonly deliveryBaseUrl: string;
  readonly signatureAlgorithm: "sha1" | "sha256";
  readonly chunkBytes: number;
  readonly objectBytesMax: number;
  readonly signedUploads: "form" | "put" | undefined;
  readonly connectMs: number;
  readonly firstByteMs: number;
}

const MIB = 1024 * 1024;

/**
 * The smallest size of a chunk, in bytes. Cloudinary's own minimum is "5 MB", which has two possible meanings. 6 MiB is above
 * both.
 */
const CHUNK_BYTES_MIN = 6 * MIB;

/**
 * The maximum length of the key prefix, in characters. This limit leaves enough characters of the public id for the
 * key.
 */
const PREFIX_LENGTH_MAX = 200;

/**
 * The maximum number of bytes in one request.
 *
 * @see https://cloudinary.com/documentation/upload_images#chunked_asset_upload
 */
const CHUNK_BYTES_MAX = 100_000_000;

const DEFAULTS = {
  name: "cloudinary",
  cloudName: "",
  apiKey: "",
  apiSecret: "",
  keyPrefix: "",
  mapping: "media",
  deliveryType: "upload",
  uploadPrefix: "https://api.cloudinary.com",
  signatureAlgorithm: "sha1",
  chunkBytes: 10 * MIB,
  objectBytesMax: Infinity,
  signedUploads: undefined,
  connectMs: 3000,
  firstByteMs: 15_000,
} as const;

/**
 * Checks the options and fills in the defaults.
 *
 * @throws TypeError that names all options that are missing or wrong.
 */
export function toSettings(all: CloudinaryOptions): Settings {
  if (Object(all) === all) knownNames("cloudinary", all, CLOUDINARY_OPTIONS);
  const { url, ...options } = Object(all) as CloudinaryOptions;
  const parts = url === undefined ? {} : parseUrl(url);
  const given: Omit<Settings, "deliveryBaseUrl"> & { readonly deliveryBaseUrl?: string } = {
    ...DEFAULTS,
    ...defined(parts ?? {}),
    ...defined(options),
  };
  const { deliveryBaseUrl = `https://res.cloudinary.com/${given.cloudName}` } = given;
  const settings = {
    ...given,
    uploadPrefix: withoutSlash(given.uploadPrefix),
    deliveryBaseUrl: withoutSlash(deliveryBaseUrl),
  };
  const problems = [
    ...(parts === undefined ? ["url must be cloudinary://<key>:<secret>@<cloud>"] : missing(settings, all)),
    ...wrong(settings),
  ];
  if (problems.length > 0) throw new TypeError(`cloudinary: ${problems.join("; ")}`);
  return settings;
}

/** Returns the options without the properties that are `undefined`. */
function defined<T extends object>(options: T): { [Name in keyof T]: Exclude<T[Name], undefined> } {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [Name in keyof T]: Exclude<T[Name], undefined> };
}

function withoutSlash(url: unknown): string {
  return String(url).replace(/\/$/, "");
}

function missing(settings: Settings, all: CloudinaryOptions): readonly string[] {
  const names = (["cloudName", "apiKey", "apiSecret"] as const).filter((name) => settings[name] === "");
  if (names.length === 0) return [];
  const isUnset = Object.hasOwn(Object(all) as object, "url") && all.url === undefined;
  const found = isUnset ? "url is undefined: set CLOUDINARY_URL; " : "";
  return [`${found}${names.join(", ")} missing: give cloudName, apiKey and apiSecret, or url`];
}

type Check = readonly [isRight: (value: never) => boolean, says: string];

const isText = (value: unknown): boolean => typeof value === "string";
const isMilliseconds = (value: unknown): boolean =>
  Number.isSafeInteger(value) && Number(value) > 0 && Number(value) < 2 ** 31;
const isOneOf =
  (...known: readonly unknown[]) =>
  (value: unknown): boolean =>
    known.includes(value);

/**
 * Tells whether a value is a text that is safe in a URL. `<` and `>` are refused, because they belong to placeholders such as
 * `<api_key>`.
 */
const isName = (value: unknown): boolean => typeof value === "string" && /^[^\s/?#<>:@]*$/.test(value);

const isPrefix = (value: string): boolean =>
  isText(value) &&
  (value === "" ||
    (value.endsWith("/") && keyProblem(`${value}x`) === undefined && value.length <= PREFIX_LENGTH_MAX));

const CHECKS: Readonly<Record<keyof Settings, Check>> = {
  name: [isText, "the name of a provider"],
  cloudName: [isName, "a text without spaces and without / ? # < > : @"],
  apiKey: [isName, "a text without spaces and without / ? # < > : @"],
  apiSecret: [isName, "a text without spaces and without / ? # < > : @"],
  keyPrefix: [isPrefix, `a text such as "uploads/", with at most ${PREFIX_LENGTH_MAX} characters`],
  mapping: [isOneOf("media", "raw"), '"media" or "raw"'],
  deliveryType: [isOneOf("upload", "private", "authenticated"), '"upload", "private" or "authenticated"'],
  uploadPrefix: [
    (value: string) => isWebUrl(value) && new URL(value).pathname === "/",
    "an http or https URL without a path or a query",
  ],
  deliveryBaseUrl: [isWebUrl, "an http or https URL without a query"],
  signatureAlgorithm: [isOneOf("sha1", "sha256"), '"sha1" or "sha256"'],
  chunkBytes: [
    (value: number) => Number.isSafeInteger(value) && value >= CHUNK_BYTES_MIN && value <= CHUNK_BYTES_MAX,
    `a whole number from ${CHUNK_BYTES_MIN} to ${CHUNK_BYTES_MAX}`,
  ],
  objectBytesMax: [(value: unknown) => typeof value === "number" && value > 0, "a number of bytes"],
  signedUploads: [isOneOf(undefined, "form", "put"), '"form" or "put"'],
  connectMs: [isMilliseconds, "a whole number of milliseconds"],
  firstByteMs: [isMilliseconds, "a whole number of milliseconds"],
};

function wrong(settings: Settings): readonly string[] {
  return Object.entries(CHECKS)
    .filter(([name, [isRight]]) => !isRight(settings[name as keyof Settings] as never))
    .map(([name, [, says]]) => {
      const value: unknown = settings[name as keyof Settings];
      const shown =
        name === "apiSecret"
          ? ""
          : `, not ${typeof value === "string" ? JSON.stringify(value) : String(value)}`;
      return `${name} must be ${says}${shown}`;
    });
}

function isWebUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url !== undefined && /^https?:$/.test(url.protocol) && url.search + url.hash + url.username === "";
}

type UrlParts = Pick<
  CloudinaryOptions,
  "cloudName" | "apiKey" | "apiSecret" | "uploadPrefix" | "deliveryBaseUrl" | "signatureAlgorithm"
>;

/**
 * Reads the parts of a `CLOUDINARY_URL`, or returns `undefined` if the URL is malformed. The key and the secret are not
 * decoded. If the URL has a path, the path is the host of a private CDN.
 *
 * @see https://cloudinary.com/documentation/node_integration#set_required_configuration_parameters
 */
function parseUrl(url: string): UrlParts | undefined {
  const found = /^cloudinary:\/\/([^:@/]+):([^@/]+)@([^/?]+)(?:\/([^?]*))?(?:\?(.*))?$/i.exec(url);
  if (found === null) return undefined;
  const [, apiKey, apiSecret, cloudName, host, query] = found;
  const more = new URLSearchParams(query);
  const uploadPrefix = more.get("upload_prefix") ?? undefined;
  const signatureAlgorithm = (more.get("signature_algorithm") ?? undefined) as "sha1" | undefined;
  const isPrivate = host !== undefined && host !== "";
  return {
    apiKey,
    apiSecret,
    cloudName,
    uploadPrefix,
    signatureAlgorithm,
    deliveryBaseUrl: isPrivate ? `https://${host}` : undefined,
  };
}

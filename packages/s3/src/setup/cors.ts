import { knownNames, oneOf, wholeNumber, type StorageProvider } from "@stowage/core/provider";
import {
  changing,
  isOwnName,
  ownName,
  refuse,
  replaceOwn,
  settingUp,
  type SetupChange,
  type SetupOptions,
} from "./change.js";

/** The web pages that may access the bucket from a browser. */
export interface CorsSettings {
  /** The origins of the pages, such as `"https://app.example.com"`; `"*"` for all. */
  readonly origins: readonly string[];
  /** The methods that pages may use. Default: all methods that uploads and downloads need. */
  readonly methods?: readonly ("GET" | "HEAD" | "PUT" | "POST")[] | undefined;
  /** The time for which a browser may remember the permission, in seconds. Default: 3,600. */
  readonly maxAgeSeconds?: number | undefined;
}

interface CorsConfiguration {
  readonly CORSRules?: readonly object[];
}

const METHODS = ["GET", "HEAD", "PUT", "POST"] as const;
const MAX_AGE_SECONDS = 3600;

/**
 * Lets pages of these origins upload and download with signed requests. The pages can also read the ETag, because it is
 * needed to complete an upload in parts. Replaces the origins of an earlier call for the same prefix. Rules that were
 * set by other means stay.
 *
 * @param provider - A provider that `s3()` returned.
 * @throws StorageError `InvalidArgument` for a text that is not an origin; `Unsupported` if the server has no CORS.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html
 */
export async function setCors(
  provider: StorageProvider,
  settings: CorsSettings,
  options: SetupOptions = {},
): Promise<SetupChange> {
  const own = settingUp(provider, "setCors", options);
  knownNames("setCors", settings, { origins: true, methods: true, maxAgeSeconds: true });
  const { origins, methods = METHODS, maxAgeSeconds = MAX_AGE_SECONDS } = settings;
  if (!Array.isArray(origins)) throw new TypeError("setCors: origins must be an array of origins");
  wholeNumber("setCors", "maxAgeSeconds", maxAgeSeconds);
  for (const method of methods) oneOf("setCors", "methods", method, METHODS);
  if (origins.length === 0) throw refuse(own, "origins is empty: give at least one origin");
  const wrong = origins.find((origin) => !isOrigin(origin));
  if (wrong !== undefined) {
    throw refuse(own, `${JSON.stringify(wrong)} is not an origin such as "https://app.example.com"`);
  }
  const rule = {
    ID: ownName(own, "uploads"),
    AllowedOrigins: [...origins],
    AllowedMethods: [...methods],
    AllowedHeaders: ["*"],
    ExposeHeaders: ["ETag"],
    MaxAgeSeconds: maxAgeSeconds,
  };
  const rules = { what: "BucketCors", list: "CORSRules", nameField: "ID", isOwn: isOwnName(own) } as const;
  return await changing(own, "BucketCors", options, (before?: CorsConfiguration) => ({
    CORSRules: replaceOwn(rules, before?.CORSRules, [rule]),
  }));
}

function isOrigin(origin: string): boolean {
  return origin === "*" || /^https?:\/\/[^/\s?#]+$/.test(origin);
}

import type { DialectName } from "@stowage/s3";
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { EnvironmentError } from "./environment-error.js";
import { readVariables, type Environment, type Variables } from "./variables.js";

/** The ways in which stores are used together. */
export const MODES = ["local", "s3", "cloudinary", "hybrid", "mirror", "fallback"] as const;

/** A way in which stores are used together. */
export type StorageMode = (typeof MODES)[number];

/** A folder on this machine. */
export interface FolderSettings {
  readonly root: string;
  /** `false` if the folder is missing. */
  readonly exists: boolean;
}

/** A bucket, with its address and the credentials for it. */
export interface BucketSettings {
  readonly bucket: string;
  readonly region?: string | undefined;
  readonly endpoint?: string | undefined;
  /** The kind of server behind the endpoint. Absent if the adapter has to recognise it. */
  readonly dialect?: DialectName | undefined;
  readonly keyPrefix?: string | undefined;
  readonly publicBaseUrl?: string | undefined;
  /** The credentials. Absent if the SDK has to look for them. */
  readonly credentials?: Credentials | undefined;
  /** `true` for `USE_S3=false`. */
  readonly isOff: boolean;
}

interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** The settings that were read from the environment variables. */
export interface Settings {
  readonly mode: StorageMode;
  /** The percentage of new objects that the bucket gets in mode `"hybrid"`. */
  readonly percent: number;
  readonly local?: FolderSettings | undefined;
  readonly s3?: BucketSettings | undefined;
  /** The address of a Cloudinary account. */
  readonly cloudinary?: string | undefined;
  /** The file of the journal, or `"none"`. Absent if no variable names a file. */
  readonly journal?: string | undefined;
}

type Stores = Pick<Settings, "local" | "s3" | "cloudinary">;

/**
 * Reads the variables of an environment.
 *
 * @throws EnvironmentError with all problems of the variables.
 */
export function readSettings(env: Environment): Settings {
  const variables = readVariables(env);
  const useS3 = readSwitch(variables);
  const stores: Stores = {
    local: readFolder(variables),
    s3: readBucket(variables, useS3 === false),
    cloudinary: readCloudinary(variables),
  };
  const percent = readPercent(variables);
  const mode = readMode(variables) ?? guessMode(stores, useS3, percent);
  const journal = variables.find("STORAGE_JOURNAL")?.value;
  assertStores(variables, mode, stores, { useS3, percent });
  if (variables.problems.length > 0) throw new EnvironmentError(variables.problems);
  return { mode, percent: percent ?? 0, ...stores, journal };
}

function readMode(variables: Variables): StorageMode | undefined {
  const found = variables.find("STORAGE_MODE");
  const mode = MODES.find((each) => each === found?.value.toLowerCase());
  if (found !== undefined && mode === undefined) {
    variables.report(
      "STORAGE_MODE",
      `is ${quoted(found.value)}, but must be one of ${MODES.join(", ")}`,
      found,
    );
  }
  return mode;
}

/** Chooses the mode if the environment names no mode. */
function guessMode({ local, s3, cloudinary }: Stores, useS3?: boolean, percent?: number): StorageMode {
  if (useS3 !== undefined) return "mirror";
  if (percent !== undefined) return "hybrid";
  const [first, ...others] = (
    [
      ["cloudinary", cloudinary],
      ["s3", s3],
      ["local", local],
    ] as const
  ).flatMap(([mode, store]) => (store === undefined ? [] : [mode]));
  return others.length > 0 ? "fallback" : (first ?? "fallback");
}

const ON = new Set(["true", "1", "yes", "on"]);
const OFF = new Set(["false", "0", "no", "off"]);

function readSwitch(variables: Variables): boolean | undefined {
  const found = variables.find("USE_S3");
  if (found === undefined) return undefined;
  const value = found.value.toLowerCase();
  if (ON.has(value)) return true;
  if (OFF.has(value)) return false;
  variables.report("USE_S3", `is ${quoted(found.value)}, but must be true or false`, found);
  return undefined;
}

function readPercent(variables: Variables): number | undefined {
  const found = variables.find("S3_SPLIT_PERCENTAGE");
  if (found === undefined) return undefined;
  const percent = /^\d{1,3}(?:\.\d{1,2})?$/.test(found.value) ? Number(found.value) : Number.NaN;
  if (percent <= 100) return percent;
  const reason = `is ${quoted(found.value)}, but must be a number from 0 to 100 with at most two digits after the point`;
  variables.report("S3_SPLIT_PERCENTAGE", reason, found);
  return undefined;
}

function readFolder(variables: Variables): FolderSettings | undefined {
  const found = variables.find("STORAGE_DIR");
  if (found === undefined) return undefined;
  const root = resolve(found.value);
  const facts = statSync(root, { throwIfNoEntry: false });
  if (facts?.isDirectory() === false) {
    variables.report("STORAGE_DIR", `is ${quoted(found.value)}, but must be a folder, not a file`, found);
  }
  return { root, exists: facts !== undefined };
}

function readBucket(variables: Variables, isOff: boolean): BucketSettings | undefined {
  const bucket = variables.find("AWS_S3_BUCKET");
  const credentials = readCredentials(variables);
  const publicBaseUrl = readUrl(variables, "AWS_S3_BASE_URL");
  const keyPrefix = readPrefix(variables);
  const endpoint = readUrl(variables, "AWS_ENDPOINT_URL_S3");
  const region = variables.find("AWS_REGION");
  if (bucket === undefined) return undefined;
  if (!/^[A-Za-z0-9][A-Za-z0-9._:/-]{1,}$/.test(bucket.value)) {
    variables.report("AWS_S3_BUCKET", `is ${quoted(bucket.value)}, but must be the name of a bucket`, bucket);
  }
  if (region === undefined && endpoint === undefined) {
    variables.report("AWS_REGION", `is missing: ${bucket.name} is set, and a bucket of AWS needs its region`);
  }
  if (region !== undefined && !/^[a-z0-9-]+$/i.test(region.value)) {
    variables.report("AWS_REGION", `is ${quoted(region.value)}, but must be the name of a region`, region);
  }
  return {
    bucket: bucket.value,
    region: region?.value,
    endpoint,
    dialect: readDialect(variables),
    keyPrefix,
    publicBaseUrl,
    credentials,
    isOff,
  };
}

/** The names of all dialects. They are repeated here, so that the adapter need not be loaded. */
const DIALECTS: Readonly<Record<DialectName, true>> = {
  aws: true,
  r2: true,
  minio: true,
  ceph: true,
  b2: true,
  gcs: true,
  spaces: true,
  wasabi: true,
  swift: true,
  generic: true,
};

function readDialect(variables: Variables): DialectName | undefined {
  const found = variables.find("S3_DIALECT");
  const names = Object.keys(DIALECTS) as DialectName[];
  const dialect = names.find((name) => name === found?.value.toLowerCase());
  if (found !== undefined && dialect === undefined) {
    variables.report(
      "S3_DIALECT",
      `is ${quoted(found.value)}, but must be one of ${names.join(", ")}`,
      found,
    );
  }
  return dialect;
}

/** Reads both access keys. Their values never appear in a message. */
function readCredentials(variables: Variables): Credentials | undefined {
  const id = variables.find("AWS_ACCESS_KEY_ID");
  const secret = variables.find("AWS_SECRET_ACCESS_KEY");
  const sessionToken = variables.find("AWS_SESSION_TOKEN")?.value;
  for (const [name, found] of [
    ["AWS_ACCESS_KEY_ID", id],
    ["AWS_SECRET_ACCESS_KEY", secret],
  ] as const) {
    // This space is inside the value, because spaces at the ends were already removed.
    if (found !== undefined && /[\s\p{Cc}]/u.test(found.value)) {
      variables.report(name, "contains a space or a line break: copy the value again", found);
    }
  }
  if (id !== undefined && secret === undefined) {
    variables.report(
      "AWS_SECRET_ACCESS_KEY",
      "is missing, but AWS_ACCESS_KEY_ID is set: set both variables or neither",
    );
  }
  if (id === undefined && secret !== undefined) {
    variables.report(
      "AWS_ACCESS_KEY_ID",
      "is missing, but AWS_SECRET_ACCESS_KEY is set: set both variables or neither",
    );
  }
  if (id === undefined || secret === undefined) return undefined;
  return {
    accessKeyId: id.value,
    secretAccessKey: secret.value,
    ...(sessionToken !== undefined && { sessionToken }),
  };
}

function readUrl(variables: Variables, name: "AWS_S3_BASE_URL" | "AWS_ENDPOINT_URL_S3"): string | undefined {
  const found = variables.find(name);
  if (found === undefined) return undefined;
  if (!/^https?:\/\//i.test(found.value) || !URL.canParse(found.value)) {
    variables.report(
      name,
      `is ${quoted(found.value)}, but must be a URL that begins with https:// or http://`,
      found,
    );
  }
  return found.value;
}

/** Reads the prefix. If the prefix does not end with a slash, adds one, so that `videos` means the folder `videos/`. */
function readPrefix(variables: Variables): string | undefined {
  const found = variables.find("AWS_S3_VIDEOS_PREFIX");
  if (found === undefined) return undefined;
  if (found.value.startsWith("/") || found.value.includes("//")) {
    const reason = `is ${quoted(found.value)}, but must not begin with a slash or contain two slashes in a row`;
    variables.report("AWS_S3_VIDEOS_PREFIX", reason, found);
  }
  return found.value.endsWith("/") ? found.value : `${found.value}/`;
}

const ACCOUNT = ["CLOUDINARY_CLOUD_NAME", "CLOUDINARY_API_KEY", "CLOUDINARY_API_SECRET"] as const;

/**
 * Reads the Cloudinary account, from one variable or from three. The values never appear in a message, because one of
 * them is a secret.
 */
function readCloudinary(variables: Variables): string | undefined {
  const found = variables.find("CLOUDINARY_URL");
  const parts = ACCOUNT.map((name) => variables.find(name));
  const given = parts.filter((part) => part !== undefined);
  for (const part of given) {
    if (!/^[^:@/\s\p{Cc}]+$/u.test(part.value)) {
      variables.report(
        part.name as (typeof ACCOUNT)[number],
        "contains a character that is not allowed: copy the value again",
      );
    }
  }
  const [cloud, key, secret] = parts.map((part) => part?.value);
  const url = `cloudinary://${key}:${secret}@${cloud}`;
  if (found === undefined) {
    for (const [index, name] of ACCOUNT.entries()) {
      if (given[0] === undefined || parts[index] !== undefined) continue;
      variables.report(
        name,
        `is missing, but ${given[0].name} is set: an account needs its cloud name, API key and API secret`,
      );
    }
    return given.length === ACCOUNT.length ? url : undefined;
  }
  if (!/^cloudinary:\/\/[^:@/\s]+:[^:@/\s]+@[^:@/\s]+$/.test(found.value)) {
    variables.report("CLOUDINARY_URL", "must have the form cloudinary://KEY:SECRET@CLOUD", found);
  }
  if (given.length === ACCOUNT.length && found.value !== url) {
    const reason = `differs from ${ACCOUNT.join(", ")}: the account is given twice, so remove this variable or the other three`;
    variables.report("CLOUDINARY_URL", reason, found);
  }
  return found.value;
}

interface Wishes {
  readonly useS3: boolean | undefined;
  readonly percent: number | undefined;
}

/** The stores that each mode needs. */
const NEEDS: Readonly<Record<StorageMode, readonly (keyof Stores)[]>> = {
  local: ["local"],
  s3: ["s3"],
  cloudinary: ["cloudinary"],
  hybrid: ["local", "s3"],
  mirror: [],
  fallback: [],
};

const CHOOSES = { local: "STORAGE_DIR", s3: "AWS_S3_BUCKET", cloudinary: "CLOUDINARY_URL" } as const;

/** Checks that the stores of a mode are configured, and that no variable contradicts the mode. */
function assertStores(
  variables: Variables,
  mode: StorageMode,
  stores: Stores,
  { useS3, percent }: Wishes,
): void {
  const given = variables.find("STORAGE_MODE");
  const why =
    given === undefined
      ? `mode ${mode}, which follows from the other variables,`
      : `${given.name}=${given.value}`;
  for (const store of NEEDS[mode]) {
    if (stores[store] === undefined) variables.report(CHOOSES[store], `is missing: ${why} needs it`);
  }
  if (Object.values(stores).every((store) => store === undefined) && NEEDS[mode].length === 0) {
    const reason = "is missing: set STORAGE_DIR, AWS_S3_BUCKET or CLOUDINARY_URL to name a place for files";
    variables.report("STORAGE_DIR", reason);
  }
  if (useS3 === true && stores.s3 === undefined) {
    variables.report("AWS_S3_BUCKET", "is missing: USE_S3=true needs it");
  }
  if (useS3 === false && NEEDS[mode].includes("s3")) {
    variables.report(
      "USE_S3",
      `is false, but ${why} writes to S3: change USE_S3 or the mode`,
      undefined,
      "true",
    );
  }
  if (mode === "hybrid" && stores.cloudinary !== undefined) {
    const reason = `is set, but ${why} divides files only between a folder and a bucket: remove the variable`;
    variables.report("CLOUDINARY_URL", reason);
  }
  if (mode === "hybrid" && percent === undefined) {
    variables.report("S3_SPLIT_PERCENTAGE", `is missing: ${why} needs it`);
  }
}

function quoted(value: string): string {
  return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
}

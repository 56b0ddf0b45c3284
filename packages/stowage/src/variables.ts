import type { EnvironmentProblem } from "./environment-error.js";

/** Environment variables by name, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The facts about one variable. */
interface Variable {
  /** Other names for the same variable. */
  readonly aliases?: readonly string[] | undefined;
  /** A value for use in examples. */
  readonly example: string;
  /**
   * `true` if an empty value means the same as no value. For other variables, an empty value is a problem: a deployment may
   * have lost the real value.
   */
  readonly mayBeEmpty?: boolean | undefined;
}

/** The first name of a variable. */
export type VariableName =
  | "STORAGE_MODE"
  | "S3_SPLIT_PERCENTAGE"
  | "USE_S3"
  | "STORAGE_DIR"
  | "STORAGE_JOURNAL"
  | "AWS_REGION"
  | "AWS_ACCESS_KEY_ID"
  | "AWS_SECRET_ACCESS_KEY"
  | "AWS_SESSION_TOKEN"
  | "AWS_S3_BUCKET"
  | "AWS_S3_BASE_URL"
  | "AWS_S3_VIDEOS_PREFIX"
  | "AWS_ENDPOINT_URL_S3"
  | "S3_DIALECT"
  | "CLOUDINARY_URL"
  | "CLOUDINARY_CLOUD_NAME"
  | "CLOUDINARY_API_KEY"
  | "CLOUDINARY_API_SECRET";

/** The variables. The guide takes its table from here. */
const VARIABLES: Readonly<Record<VariableName, Variable>> = {
  /** The mode: one of the modes in the next table. */
  STORAGE_MODE: { example: "hybrid" },
  /** In mode `hybrid`: the percentage of new files that go to the bucket, from 0 to 100. */
  S3_SPLIT_PERCENTAGE: { example: "25" },
  /**
   * With `true` (also `yes`, `on`, `1`): a mirror, unless `STORAGE_MODE` names another mode. With `false`: the same mirror, but its bucket is
   * switched off for a while.
   */
  USE_S3: { example: "true" },
  /** A folder for files. If the folder is missing, it is made. */
  STORAGE_DIR: { aliases: ["YTDLP_DOWNLOAD_DIR"], example: "/srv/uploads" },
  /** The file of the journal, or `none`. */
  STORAGE_JOURNAL: { example: "/srv/journal/stowage.db" },
  /** The region of the bucket. It is required unless an endpoint is given. */
  AWS_REGION: { aliases: ["AWS_DEFAULT_REGION"], example: "eu-central-1" },
  /** The access key. Without the keys, the AWS SDK searches for other credentials, for example from a role. */
  AWS_ACCESS_KEY_ID: { example: "AKIA…" },
  /** The secret of the access key. */
  AWS_SECRET_ACCESS_KEY: { example: "…" },
  /** The token of temporary credentials. */
  AWS_SESSION_TOKEN: { example: "…", mayBeEmpty: true },
  /** A bucket. */
  AWS_S3_BUCKET: { aliases: ["AWS_S3_BUCKET_NAME", "S3_MEDIA_BUCKET"], example: "my-uploads" },
  /** The public address of the bucket, for `publicUrl`. */
  AWS_S3_BASE_URL: { example: "https://cdn.example.com", mayBeEmpty: true },
  /**
   * A prefix for every key in the bucket. If the prefix does not end with a slash, one is added. The folder does not
   * use the prefix.
   */
  AWS_S3_VIDEOS_PREFIX: { aliases: ["S3_VIDEO_PREFIX"], example: "videos/", mayBeEmpty: true },
  /** The address of an S3 server other than AWS. */
  AWS_ENDPOINT_URL_S3: { aliases: ["AWS_ENDPOINT_URL"], example: "https://s3.example.com", mayBeEmpty: true },
  /**
   * The kind of that server, such as `minio` or `ceph`. Set this variable if the address does not show the kind of server: see [S3](./s3.md). A
   * server that is not recognised counts as `generic`, which has no create-only writes.
   */
  S3_DIALECT: { example: "minio", mayBeEmpty: true },
  /** An account of Cloudinary, as `cloudinary://KEY:SECRET@CLOUD`. */
  CLOUDINARY_URL: { example: "cloudinary://key:secret@cloud" },
  /** The name of the Cloudinary account, if the account is given in three variables. */
  CLOUDINARY_CLOUD_NAME: { example: "my-cloud" },
  /** The key of the account. */
  CLOUDINARY_API_KEY: { example: "123456789012345" },
  /** The secret of the account. */
  CLOUDINARY_API_SECRET: { example: "…" },
};

/** Returns the names of all variables, including aliases. */
export function variableNames(): readonly string[] {
  return Object.entries(VARIABLES).flatMap(([name, { aliases = [] }]) => [name, ...aliases]);
}

/** A value, with the name of the variable in the environment. */
export interface Found {
  readonly name: string;
  readonly value: string;
}

/** An object that reads variables and collects their problems. */
export interface Variables {
  readonly problems: readonly EnvironmentProblem[];
  /** Returns the value of a variable. If the variable has several names, the first name that is set counts. */
  readonly find: (name: VariableName) => Found | undefined;
  /** Reports a problem. @param reason - The text that follows the name: `"is missing"`. */
  readonly report: (name: VariableName, reason: string, found?: Found, example?: string) => void;
}

/** Opens an environment for reading. Names that look misspelt are reported immediately. */
export function readVariables(env: Environment): Variables {
  const problems: EnvironmentProblem[] = [];
  const report: Variables["report"] = (name, reason, found, example = VARIABLES[name].example) => {
    const variable = found?.name ?? name;
    if (problems.some((problem) => problem.variable === variable && problem.reason === reason)) return;
    problems.push({ variable, reason, example: `${variable}=${example}` });
  };
  const find = (name: VariableName): Found | undefined => {
    const { aliases = [], mayBeEmpty = false } = VARIABLES[name];
    const all = [name, ...aliases].flatMap((each) => foundIn(env, each));
    const empty = all.find(({ value }) => value === "");
    if (empty !== undefined && !mayBeEmpty) report(name, "is empty: give it a value, or remove it", empty);
    const [first, ...others] = all.filter(({ value }) => value !== "");
    const other = others.find(({ value }) => value !== first?.value);
    // If the variable has several names of the SDK, the SDK decides which name counts.
    if (other !== undefined && !/^AWS_(?:REGION|ENDPOINT)/.test(name)) {
      report(
        name,
        `differs from ${other.name}: both names mean the same variable, so remove one of them`,
        first,
      );
    }
    return first;
  };
  for (const [misspelt, right, example] of misspellings(env)) {
    const reason = `looks like ${right}, but is not a variable of Stowage`;
    problems.push({ variable: misspelt, reason, example: `${right}=${example}` });
  }
  return { problems, find, report };
}

function foundIn(env: Environment, name: string): readonly Found[] {
  const value = env[name];
  return value === undefined ? [] : [{ name, value: value.trim() }];
}

/**
 * Finds variables with misspelt names. A nearly right name counts as misspelt if the variable with the right name is not set.
 */
function misspellings(
  env: Environment,
): readonly (readonly [name: string, right: string, example: string])[] {
  const names = Object.entries(VARIABLES).flatMap(([name, { aliases = [], example }]) =>
    [name, ...aliases].map((each) => [each, example] as const),
  );
  const known = new Set(variableNames());
  return Object.keys(env)
    .filter((name) => !known.has(name) && env[name] !== undefined)
    .flatMap((name) => {
      const right = names.find(([each]) => env[each] === undefined && isNearly(name, each));
      return right === undefined ? [] : [[name, ...right] as const];
    });
}

/**
 * The minimum length of a name that is checked for a misspelling, in characters. Shorter names may be similar by chance: for
 * example, `USE_SSL` is not a misspelt `USE_S3`.
 */
const NAME_LENGTH_MIN = 10;

/**
 * Tells whether a name is nearly the right name: it has one character more, one character less, one different character, or two swapped
 * characters.
 */
function isNearly(name: string, right: string): boolean {
  if (right.length < NAME_LENGTH_MIN || Math.abs(name.length - right.length) > 1) return false;
  const [short, long] = name.length < right.length ? [name, right] : [right, name];
  let at = 0;
  while (at < short.length && short[at] === long[at]) at++;
  if (short.length < long.length) return short.slice(at) === long.slice(at + 1);
  const rest = at + 1;
  if (short.slice(rest) === long.slice(rest)) return true;
  const isExchanged = short[at] === long[rest] && short[rest] === long[at];
  return isExchanged && short.slice(rest + 1) === long.slice(rest + 1);
}

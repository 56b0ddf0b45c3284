import { S3FailureError } from "../server/client.js";
import { assertKeys, sourceFailure } from "../connection/credentials.js";
import { unsent } from "../connection/local-failure.js";
import type { Keys } from "./sign.js";

/** Credentials as an application gives them: the keys, or a function that returns the keys. */
export type GivenKeys = KeysWithEnd | (() => Promise<KeysWithEnd>);

export interface KeysWithEnd extends Keys {
  /** The time at which the keys expire. */
  readonly expiration?: Date;
}

/** The time between a renewal and the expiry of the old keys, in milliseconds. */
const RENEW_MS = 5 * 60_000;

/** The source of the keys that sign requests. */
export interface KeySource {
  /** Returns the keys. Rejects with an {@link S3FailureError} if there are no keys. */
  readonly get: (now: number) => KeysWithEnd | Promise<KeysWithEnd>;
  /** Forgets the keys because a server has refused them. The next request asks for new ones. */
  readonly forget: (refused: Keys) => void;
}

/**
 * Makes a source of keys. A function is called once for many requests, and again five minutes before its keys expire.
 * When a renewal fails, the old keys are used until they expire.
 */
export function keySource(given: GivenKeys): KeySource {
  if (typeof given !== "function") return { get: () => checked(given), forget: () => {} };
  let current: KeysWithEnd | undefined;
  let renewing: Promise<KeysWithEnd> | undefined;
  const renew = async (now: number): Promise<KeysWithEnd> => {
    try {
      return (current = checked(await given()));
    } catch (error) {
      if (current !== undefined && endOf(current) > now) return current;
      if (error instanceof S3FailureError) throw error;
      throw new S3FailureError(sourceFailure(error));
    } finally {
      renewing = undefined;
    }
  };
  return {
    get: (now) => {
      if (current !== undefined && endOf(current) - RENEW_MS > now) return current;
      renewing ??= renew(now);
      return renewing;
    },
    forget: (refused) => {
      // Late answers to requests with the old keys must not drop the new keys.
      if (current === refused) current = undefined;
    },
  };
}

/**
 * Returns keys whose end is a valid time, or is left out.
 *
 * @throws S3FailureError for anything that is not a pair of keys.
 */
function checked(keys: unknown): KeysWithEnd {
  if (typeof keys !== "object" || keys === null)
    throw new S3FailureError(unsent("CredentialsUnavailable", undefined, "it returned no keys"));
  assertKeys({ accessKeyId: undefined, ...keys });
  const { expiration, ...own } = keys as Omit<KeysWithEnd, "expiration"> & { readonly expiration?: unknown };
  const end = new Date((expiration ?? Number.NaN) as string).getTime();
  return Number.isNaN(end) ? own : { ...own, expiration: new Date(end) };
}

function endOf({ expiration }: KeysWithEnd): number {
  return expiration === undefined ? Number.POSITIVE_INFINITY : expiration.getTime();
}

/**
 * Returns a function that searches for keys where the SDK searches: in the environment, in the profile and in the role
 * of the machine. Keys in the environment are read without the SDK, because its packages take time to load.
 */
export function searchedKeys(
  region: string | undefined,
  load: () => Promise<SearchPackage>,
): () => Promise<KeysWithEnd> {
  let search: (() => Promise<KeysWithEnd>) | undefined;
  return async () => {
    const found = keysInEnvironment();
    if (found !== undefined) return found;
    if (search === undefined) {
      const { defaultProvider } = await load();
      search = defaultProvider({ ...(region !== undefined && { clientConfig: { region } }) });
    }
    return await search();
  };
}

/** The part of `@aws-sdk/credential-provider-node` that this package uses. */
export interface SearchPackage {
  readonly defaultProvider: (init: object) => () => Promise<KeysWithEnd>;
}

/** Returns the keys in the environment. If `AWS_PROFILE` is set, the profile has precedence, as in the SDK. */
function keysInEnvironment(): KeysWithEnd | undefined {
  const { env } = process;
  const accessKeyId = env["AWS_ACCESS_KEY_ID"];
  const secretAccessKey = env["AWS_SECRET_ACCESS_KEY"];
  const sessionToken = env["AWS_SESSION_TOKEN"];
  const expires = env["AWS_CREDENTIAL_EXPIRATION"];
  if (!accessKeyId || !secretAccessKey || env["AWS_PROFILE"]) return undefined;
  return {
    accessKeyId,
    secretAccessKey,
    ...(sessionToken && { sessionToken }),
    ...(expires && { expiration: new Date(expires) }),
  };
}

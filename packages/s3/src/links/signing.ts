import { StorageError, type Operation } from "@stowage/core/provider";
import type { Signing } from "../server/signer.js";
import { ask, type Store } from "../store.js";

/** @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html */
const SECONDS_MAX = 7 * 24 * 60 * 60;

/** The requested lifetime of a link. */
interface Wanted {
  readonly expiresInSeconds?: number | undefined;
  readonly stableForSeconds?: number | undefined;
  /** The default lifetime of a link, in seconds. */
  readonly defaultSeconds: number;
}

/**
 * Returns the time at which a link is signed, and the time for which the link works. Time is divided into periods of
 * `stableForSeconds`. Each link is signed with the time at which the current period began. So all links for one key within a
 * period are the same.
 *
 * @throws StorageError `InvalidArgument` for a time of more than seven days, or longer than the credentials are valid;
 * `Unauthenticated` if the credentials have expired.
 */
export async function signingOf(
  store: Store,
  call: { readonly operation: Operation; readonly key: string },
  { expiresInSeconds, stableForSeconds = 0, defaultSeconds }: Wanted,
): Promise<Signing> {
  const { name: provider, signer } = store;
  const refuse = (code: "InvalidArgument" | "Unauthenticated", reason: string): StorageError =>
    new StorageError(code, reason, { ...call, provider });
  const wanted = assertSeconds(expiresInSeconds ?? defaultSeconds, refuse);
  if (wanted + stableForSeconds > SECONDS_MAX) {
    const sum =
      stableForSeconds === 0
        ? "expiresInSeconds must be"
        : "expiresInSeconds and stableForSeconds together must be";
    throw refuse(
      "InvalidArgument",
      `${sum} at most ${SECONDS_MAX} (seven days), not ${wanted + stableForSeconds}`,
    );
  }
  const session = await ask(store, { ...call, action: "s3:GetObject" }, () => signer.session());
  const now = Date.now() + session.clockOffsetMs;
  const step = Math.max(stableForSeconds, 1) * 1000;
  const signedAt = new Date(Math.floor(now / step) * step);
  const end = session.credentialsEndAt?.getTime() ?? Number.POSITIVE_INFINITY;
  if (end <= now) throw refuse("Unauthenticated", "the credentials have expired");
  const lastingSeconds = Math.floor((end - now) / 1000);
  if (expiresInSeconds !== undefined && expiresInSeconds > lastingSeconds) {
    const reason = `the credentials expire in ${lastingSeconds} seconds, and the link expires with them: set expiresInSeconds to at most ${lastingSeconds}`;
    throw refuse("InvalidArgument", reason);
  }
  const secondsToEnd = Math.floor((end - signedAt.getTime()) / 1000);
  return { signedAt, expiresInSeconds: Math.min(wanted + stableForSeconds, secondsToEnd) };
}

/**
 * Returns the seconds, or throws if they are not a whole number of at least 1. The facade checks this too, but a
 * provider may be called without the facade.
 */
function assertSeconds(
  seconds: number,
  refuse: (code: "InvalidArgument", reason: string) => StorageError,
): number {
  if (Number.isSafeInteger(seconds) && seconds >= 1) return seconds;
  throw refuse(
    "InvalidArgument",
    `expiresInSeconds must be a whole number of seconds, at least 1, not ${String(seconds)}`,
  );
}

/** Returns the time at which a link stops working. */
export function endOf({ signedAt, expiresInSeconds }: Signing): Date {
  return new Date(signedAt.getTime() + expiresInSeconds * 1000);
}

import type { Metadata, Progress } from "@stowage/core";
import { knownNames, nonEmptyText, oneOf, wholeNumber, type OptionNames } from "@stowage/core/provider";

/** The limits and the headers of received objects. */
export interface ReceiveLimits {
  /** The maximum size of one object, in bytes. A longer body is refused, and nothing is stored. */
  readonly maxBytes: number;
  /**
   * The media types that are allowed, such as `"video/mp4"` or `"image/*"`. If the first bytes identify a type, this type must
   * be allowed. Otherwise the declared type must be allowed. The object is stored with the type that was checked. `"image/*"`
   * includes SVG, which can contain scripts.
   *
   * @default every type; the object is stored with the type that the client declares
   */
  readonly types?: readonly string[] | undefined;
  /**
   * The `Cache-Control` to store.
   *
   * @default none
   */
  readonly cacheControl?: string | undefined;
  /**
   * The metadata to store: facts that the caller chooses.
   *
   * @default none
   */
  readonly metadata?: Metadata | undefined;
  /**
   * Receives the number of bytes that have been read so far.
   *
   * @default none
   */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /**
   * The time to wait for the client's next bytes while this package reads the body, in milliseconds; 0 means no limit.
   * The limit applies to forms, and to `receive` with `types`. In other cases the storage reads the body, and
   * `sourceIdleMs` of the storage applies.
   *
   * @default 30,000
   */
  readonly idleMs?: number | undefined;
}

/** The options of {@link receive}. */
export interface ReceiveOptions extends ReceiveLimits {
  /**
   * Allows an existing object to be replaced. A client can still send `If-None-Match: *`.
   *
   * @default false: a second upload under the same key is refused with 409
   */
  readonly overwrite?: boolean | undefined;
  /**
   * The `Content-Disposition` to store.
   *
   * @default none
   */
  readonly contentDisposition?: string | undefined;
}

const LIMIT_NAMES: OptionNames<ReceiveLimits> = {
  maxBytes: true,
  types: true,
  cacheControl: true,
  metadata: true,
  onProgress: true,
  idleMs: true,
};
const NAMES: OptionNames<ReceiveOptions> = { ...LIMIT_NAMES, overwrite: true, contentDisposition: true };

/**
 * Checks the options of {@link receive}.
 *
 * @throws TypeError for options that are wrong.
 */
export function checkReceive(caller: string, options: ReceiveOptions): void {
  knownNames(caller, options, NAMES);
  checkLimits(caller, options);
  oneOf(caller, "overwrite", options.overwrite, [undefined, true, false]);
}

/**
 * Checks one of the allowed media types.
 *
 * @throws TypeError for a type that could never match.
 */
export function checkType(caller: string, type: string): void {
  nonEmptyText(caller, "types", type, 'an array such as ["image/png", "video/*"]');
  if (/^[^/\s]+\/[^/\s;]+$/.test(type)) return;
  throw new TypeError(
    `${caller}: each entry of types must be a media type such as "image/png" or "video/*", not "${type}"`,
  );
}

/** Checks the limits, without the names of the options. */
export function checkLimits(
  caller: string,
  { maxBytes, types = [], idleMs = 0 }: Pick<ReceiveLimits, "maxBytes" | "types" | "idleMs">,
): void {
  wholeNumber(caller, "idleMs", idleMs);
  wholeNumber(caller, "maxBytes", maxBytes, { least: 1 });
  for (const type of types) checkType(caller, type);
}

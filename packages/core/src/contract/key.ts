import { StorageError, type Operation } from "./errors.js";

/**
 * The longest key, in UTF-8 bytes.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
 */
export const KEY_BYTES_MAX = 1024;

/** The key of the marker: the object by which a composer distinguishes a member from an empty disk or bucket. */
export const MARKER_KEY = ".stowage-member";

/**
 * The prefix of the marks. Each journal has one mark on each member: an object whose name ends with the id of the
 * journal. From the mark, the journal sees whether the member or the journal itself was restored from a backup.
 */
export const MARK_PREFIX = ".stowage-mark-";

/** Tells whether a key is reserved for the composers' own objects. */
export function isReserved(key: string): boolean {
  return key === MARKER_KEY || key.startsWith(MARK_PREFIX);
}

/** Returns the rule that a key breaks, as the end of an error message; `undefined` if the key is valid. */
export function keyProblem(key: string): string | undefined {
  if (key === "") return "the key is empty";
  return textProblem(key) ?? segmentsProblem(key);
}

/** Returns the rule that a prefix breaks, like {@link keyProblem} for a key. A prefix may be empty and may end anywhere. */
export function prefixProblem(prefix: string): string | undefined {
  if (prefix === "") return undefined;
  const problem = textProblem(prefix);
  if (problem !== undefined) return problem;
  const whole = prefix.slice(0, prefix.lastIndexOf("/") + 1);
  return whole === "" ? undefined : segmentsProblem(whole.slice(0, -1));
}

// A plain file name, or a path of plain file names. This is by far the most common kind of key, and is always valid.
const PLAIN_KEY = /^[A-Za-z0-9_-][A-Za-z0-9_.-]*(?:\/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*$/;

// eslint-disable-next-line no-control-regex -- the expression looks for control characters
const FORBIDDEN = /[\u0000-\u001f\u007f-\u009f\ufffe\uffff\\]/;

function textProblem(text: string): string | undefined {
  if (text.length <= KEY_BYTES_MAX && PLAIN_KEY.test(text)) return undefined;
  if (!text.isWellFormed()) return "the key is not well-formed Unicode";
  const bytes = Buffer.byteLength(text);
  if (bytes > KEY_BYTES_MAX)
    return `the key is ${bytes} bytes long, but at most ${KEY_BYTES_MAX} are allowed`;
  const forbidden = FORBIDDEN.exec(text)?.[0];
  if (forbidden === "\\") return 'the key contains a backslash; segments are separated by "/"';
  if (forbidden !== undefined) return `the key contains the character ${codePoint(forbidden)}`;
  return undefined;
}

function codePoint(character: string): string {
  return `U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
}

function segmentsProblem(key: string): string | undefined {
  if (PLAIN_KEY.test(key)) return undefined;
  if (key.startsWith("/")) return 'the key starts with "/"';
  if (key.endsWith("/")) return 'the key ends with "/"';
  for (const segment of key.split("/")) {
    if (segment === "") return 'the key contains "//"';
    if (/^[. ]*$/.test(segment)) return "a segment of the key contains only dots or spaces";
  }
  return undefined;
}

/**
 * Throws if `key` breaks a rule for keys. Keys are checked, and never changed.
 *
 * @throws TypeError if the key is not a string; StorageError `InvalidKey` if the key breaks a rule.
 */
export function assertKey(key: string, operation: Operation, provider: string): void {
  if (typeof key !== "string") throw new TypeError(`A key must be a string, not ${describeType(key)}`);
  const problem = keyProblem(key);
  if (problem === undefined) return;
  throw new StorageError("InvalidKey", problem, { operation, provider, key });
}

/** Throws if the prefix of a listing breaks a rule for prefixes, like {@link assertKey} for keys. */
export function assertPrefix(prefix: string, operation: Operation, provider: string): void {
  if (typeof prefix !== "string")
    throw new TypeError(`A prefix must be a string, not ${describeType(prefix)}`);
  const problem = prefixProblem(prefix);
  if (problem === undefined) return;
  throw new StorageError("InvalidKey", problem.replace("the key", "the prefix"), {
    operation,
    provider,
    key: prefix,
  });
}

/** Names the type of a wrong argument for a message: `null`, `an array`, `a number`. */
export function describeType(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "an array";
  if (typeof value !== "object") return `a ${typeof value}`;
  const name = value.constructor?.name;
  return name === undefined || name === "Object"
    ? "an object"
    : `${/^[AEIO]/.test(name) ? "an" : "a"} ${name}`;
}

/**
 * Compares two texts by their UTF-8 bytes, which is the order of listings. JavaScript's own order differs if characters above
 * U+FFFF are compared with characters from U+E000 to U+FFFF.
 */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    if (left !== right) return byteOrder(left) - byteOrder(right);
  }
  return a.length - b.length;
}

/**
 * Returns a number for a UTF-16 unit. The numbers sort like the UTF-8 bytes: surrogates get the highest numbers, because they
 * encode the highest characters.
 */
function byteOrder(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

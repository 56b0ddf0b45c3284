import { StorageError, shown, type Operation } from "./errors.js";
import { describeType } from "./key.js";
import { HEADER_NAMES, type Metadata, type ObjectHeaders } from "./object.js";

/**
 * The maximum size of all metadata of one object: names and values together, in bytes of UTF-8.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
 */
export const METADATA_BYTES_MAX = 2048;

/** A name of metadata: an HTTP field name in lower case. @see https://www.rfc-editor.org/rfc/rfc9110#name-tokens */
const NAME = /^[a-z0-9!#$%&'*+.^_`|~-]{1,128}$/;
const NAME_RESERVED = /^stowage-/;

// eslint-disable-next-line no-control-regex -- the expression looks for control characters
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufffe\uffff]/;

/** A header value that every server and proxy passes unchanged: printable ASCII without spaces at either end. */
const HEADER = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;
const HEADER_BYTES_MAX = 1024;

/**
 * Checks that every provider that supports metadata can store and return this metadata unchanged.
 *
 * @throws TypeError for values that are not strings; StorageError `InvalidArgument` for all other faults.
 */
export function assertMetadata(
  metadata: Metadata,
  key: string,
  provider: string,
  operation: Operation = "put",
): void {
  if (typeof metadata !== "object" || metadata === null || Symbol.iterator in metadata) {
    throw new TypeError(`metadata must be an object of strings, not ${describeType(metadata)}`);
  }
  let bytes = 0;
  for (const [name, value] of Object.entries(metadata)) {
    if (typeof value !== "string") {
      throw new TypeError(`The metadata value ${shown(name)} must be a string, not ${describeType(value)}`);
    }
    const problem = nameProblem(name) ?? valueProblem(name, value);
    if (problem !== undefined) {
      throw new StorageError("InvalidArgument", problem, { operation, provider, key });
    }
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value);
  }
  if (bytes <= METADATA_BYTES_MAX) return;
  throw new StorageError(
    "InvalidArgument",
    `the metadata is ${bytes} bytes long, but at most ${METADATA_BYTES_MAX} are allowed`,
    { operation, provider, key },
  );
}

function nameProblem(name: string): string | undefined {
  if (NAME_RESERVED.test(name)) return `the metadata name ${shown(name)} is reserved`;
  if (NAME.test(name)) return undefined;
  return `the metadata name ${shown(name)} must have 1 to 128 characters of a-z, 0-9, "-", "_" or "."`;
}

function valueProblem(name: string, value: string): string | undefined {
  if (!value.isWellFormed()) return `the metadata value ${shown(name)} is not well-formed Unicode`;
  if (CONTROL.test(value)) return `the metadata value ${shown(name)} contains a control character`;
  if (value.trim() !== value) return `the metadata value ${shown(name)} starts or ends with a space`;
  return undefined;
}

/**
 * Throws unless the headers can be sent and stored unchanged.
 *
 * @throws TypeError for values that are not strings; StorageError `InvalidArgument` for all other faults.
 */
export function assertHeaders(
  headers: ObjectHeaders,
  key: string,
  provider: string,
  operation: Operation = "put",
): void {
  for (const name of HEADER_NAMES) {
    const value = headers[name];
    if (value === undefined) continue;
    if (typeof value !== "string")
      throw new TypeError(`${name} must be a string, not ${describeType(value)}`);
    const problem = headerProblem(name, value);
    if (problem === undefined) continue;
    throw new StorageError("InvalidArgument", problem, { operation, provider, key });
  }
}

/**
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-content-encoding; `aws-chunked` is a coding for requests, never for objects
 */
const CODING = /^(?!aws-chunked$)[\w!#$%&'*+.^`|~-]+$/i;
/** @see https://www.rfc-editor.org/rfc/rfc5646 */
const LANGUAGE = /^[a-z]{1,8}(?:-[a-z\d]{1,8})*$/i;

function isListOf(value: string, each: RegExp): boolean {
  return value.split(",").every((item) => each.test(item.trim()));
}

function headerProblem(name: string, value: string): string | undefined {
  if (value.length > HEADER_BYTES_MAX) return `${name} is longer than ${HEADER_BYTES_MAX} characters`;
  if (!HEADER.test(value)) return `${name} must contain only printable ASCII characters, not ${shown(value)}`;
  if (name === "contentType" && !/^[^\s/;]+\/[^\s/;]+/.test(value)) {
    return `contentType must be a media type such as "video/mp4", not ${shown(value)}`;
  }
  if (name === "contentEncoding" && !isListOf(value, CODING)) {
    return `contentEncoding must be a coding such as "gzip", not ${shown(value)}`;
  }
  if (name === "contentLanguage" && !isListOf(value, LANGUAGE)) {
    return `contentLanguage must be a language such as "de-AT", not ${shown(value)}`;
  }
  return undefined;
}

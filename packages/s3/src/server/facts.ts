import { headersOf, type Metadata, type ObjectHeaders } from "@stowage/core/provider";
import { randomUUID } from "node:crypto";
import type { ObjectFields } from "./client.js";

/**
 * The pattern of metadata names that are sent without encoding. Every server keeps names of this pattern unchanged, and
 * also values of the pattern {@link PLAIN_VALUE}.
 */
const PLAIN_NAME = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;
const PLAIN_VALUE = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

/**
 * The beginning of the names of the headers that contain all other metadata. This metadata is encoded as a query
 * string, and is cut into pieces that every server accepts.
 */
const ENCODED_NAME = "stowage-metadata";
/**
 * Matches the name of a header with a piece of encoded metadata. The number of a piece has at most two digits: an
 * object's headers have no space for more pieces. The names of a caller's own metadata may end with longer numbers.
 */
const ENCODED_PART = /^stowage-metadata-[0-9]{1,2}$/;
const WRITE_ID_NAME = "stowage-write-id";
/**
 * The name of the header with the id of an upload in parts. The id identifies the object if the caller has given no write id.
 */
const UPLOAD_NAME = "stowage-upload-id";

/**
 * OpenStack Swift's limit for the value of one metadata header, in bytes.
 *
 * @see https://docs.openstack.org/swift/latest/deployment_guide.html
 */
const VALUE_BYTES_MAX = 256;

interface Facts extends ObjectHeaders {
  readonly metadata?: Metadata | undefined;
  readonly writeId?: string | undefined;
}

/**
 * Returns the headers that carry an object's facts.
 *
 * @param coded - The coding of bodies. It is used for facts without a coding.
 */
export function toFields(facts: Facts, contentType: string, coded?: string): ObjectFields {
  const { contentEncoding = coded } = facts;
  return { ...headersOf(facts), contentType, contentEncoding, metadata: toHeaders(facts) };
}

function toHeaders({ metadata = {}, writeId }: Facts): Record<string, string> {
  const headers: Record<string, string> = {};
  const encoded: string[] = [];
  for (const [name, value] of Object.entries(metadata)) {
    const isPlain =
      PLAIN_NAME.test(name) && PLAIN_VALUE.test(value) && value.length <= VALUE_BYTES_MAX && !isOdd(value);
    if (isPlain) headers[name] = value;
    else encoded.push(`${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  }
  const text = encoded.join("&");
  for (let part = 0; part * VALUE_BYTES_MAX < text.length; part++) {
    headers[`${ENCODED_NAME}-${part}`] = text.slice(part * VALUE_BYTES_MAX, (part + 1) * VALUE_BYTES_MAX);
  }
  if (writeId !== undefined) headers[WRITE_ID_NAME] = writeId;
  return headers;
}

/** Tells whether some servers would try to decode a value. @see https://www.rfc-editor.org/rfc/rfc2047 */
function isOdd(value: string): boolean {
  return value.includes("=?") || value.includes("  ");
}

/** Returns the metadata and the write id in an answer's headers. */
export function fromHeaders(headers: Readonly<Record<string, string>>): Pick<Facts, "metadata" | "writeId"> {
  const entries: [name: string, value: string][] = [];
  const parts: string[] = [];
  let writeId: string | undefined;
  for (const [name, value] of Object.entries(headers)) {
    if (name === WRITE_ID_NAME) writeId = value;
    else if (name === UPLOAD_NAME) continue;
    else if (ENCODED_PART.test(name)) parts[Number(name.slice(ENCODED_NAME.length + 1))] = value;
    else entries.push([name, value]);
  }
  for (const entry of parts.join("").split("&")) {
    const [name, value] = entry.split("=", 2).map(decoded);
    if (name !== undefined && name !== "" && value !== undefined) entries.push([name, value]);
  }
  // The object is not built by assignment, because assignment treats the name `__proto__` in a special way.
  return { metadata: entries.length === 0 ? undefined : Object.fromEntries(entries), writeId };
}

/** Returns the id that identifies the object of this write: the write id, or the id of the upload. */
export function ownMark(metadata: Readonly<Record<string, string>>): string | undefined {
  return metadata[WRITE_ID_NAME] ?? metadata[UPLOAD_NAME];
}

/** Adds an id that identifies the object of this write. Adds nothing if there is already a write id. */
export function marked(fields: ObjectFields): ObjectFields {
  if (ownMark(fields.metadata) !== undefined) return fields;
  return { ...fields, metadata: { ...fields.metadata, [UPLOAD_NAME]: randomUUID() } };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

import { headersOf, type Metadata, type ObjectHeaders } from "@stowage/core/provider";
import { randomUUID } from "node:crypto";
import type { ObjectFields } from "./client.js";

/** The form of metadata that is sent as it is. Every server keeps such names and values unchanged. */
const PLAIN_NAME = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;
const PLAIN_VALUE = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

/**
 * The name of the headers that carry the other metadata as a query string: percent-encoded, and in parts that every
 * server takes.
 */
const ENCODED_NAME = "stowage-metadata";
/**
 * The names of these headers. Two digits number all parts that fit into the headers of an object. Names of other
 * metadata may end with any number.
 */
const ENCODED_PART = /^stowage-metadata-[0-9]{1,2}$/;
const WRITE_ID_NAME = "stowage-write-id";
/**
 * The name of the header with the id of an upload in parts. The id marks the object when the caller has given no write
 * id.
 */
const UPLOAD_NAME = "stowage-upload-id";

/** OpenStack Swift's limit for one value. @see https://docs.openstack.org/swift/latest/deployment_guide.html */
const VALUE_BYTES_MAX = 256;

interface Facts extends ObjectHeaders {
  readonly metadata?: Metadata | undefined;
  readonly writeId?: string | undefined;
}

/**
 * Returns the headers that carry an object's facts.
 *
 * @param coded - The coding of bodies, for facts that do not say it.
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

/** Tells whether some servers take a value for an encoding of their own. @see https://www.rfc-editor.org/rfc/rfc2047 */
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
  // The object is not built by assignment, because `__proto__` is a name like any other.
  return { metadata: entries.length === 0 ? undefined : Object.fromEntries(entries), writeId };
}

/** Returns the id that tells an object of this write from every other object: the write id, or the id of the upload. */
export function ownMark(metadata: Readonly<Record<string, string>>): string | undefined {
  return metadata[WRITE_ID_NAME] ?? metadata[UPLOAD_NAME];
}

/** Adds an id by which the object of this write is recognised. A write id is such an id already. */
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

import type { FileStorage, Metadata, ObjectHeaders, ObjectInfo } from "@stowage/core";
import { jsonAnswer, type Answer } from "../wire/answer.js";
import { HttpError } from "../wire/http-error.js";
import { assertPlain, lengthOf } from "./receive.js";
import { conditionOf } from "./write-conditions.js";
import type { HeaderReader, Incoming } from "../wire/http-request.js";
import { tagText, validatorsOf } from "../serve/validators.js";
import type { Grant, Parameters } from "../links/signatures.js";

/** Stores the body of a signed upload, within the limits of its link. */
export async function receiveSigned(
  storage: FileStorage,
  key: string,
  { headers, source, signal, proceed }: Incoming,
  { parameters }: Grant,
): Promise<ObjectInfo> {
  assertAsSigned(headers, parameters);
  const length = parameters.get("content-length");
  const maxBytes = Number(length ?? parameters.get("max-bytes"));
  const given = lengthOf(headers, maxBytes);
  const condition = await conditionOf(storage, key, headers, parameters.get("create-only") === "yes");
  proceed?.();
  return await storage.put(key, source, {
    ...signedHeaders(parameters),
    ...condition,
    metadata: metadataOf(parameters.get("metadata")),
    size: length === undefined ? given : Number(length),
    // For an empty upload, the signed length of 0 is the limit, and `maxBytes` is not used.
    maxBytes: maxBytes === 0 ? undefined : maxBytes,
    signal,
  });
}

/**
 * Checks that a request has the headers that were signed.
 *
 * @throws HttpError 400 if the headers are different.
 */
function assertAsSigned(headers: HeaderReader, parameters: Parameters): void {
  assertPlain(headers);
  assertSame(headers, parameters, "content-type", "");
  assertSame(headers, parameters, "content-encoding", "identity");
  if (parameters.has("content-length") && (headers.get("content-length") ?? undefined) !== undefined) {
    assertSame(headers, parameters, "content-length", "");
  }
}

function assertSame(headers: HeaderReader, parameters: Parameters, name: string, absent: string): void {
  if ((headers.get(name) ?? absent) === (parameters.get(name) ?? absent)) return;
  throw new HttpError(400, "NotAsSigned", `its ${name} differs from the signed value`);
}

function signedHeaders(parameters: Parameters): ObjectHeaders {
  return {
    contentType: parameters.get("content-type"),
    contentEncoding: parameters.get("content-encoding"),
    contentLanguage: parameters.get("content-language"),
    contentDisposition: parameters.get("content-disposition"),
    cacheControl: parameters.get("cache-control"),
  };
}

/** Makes the answer to an upload. The answer does not reveal the place of the object. */
export function receivedAnswer(storage: FileStorage, info: ObjectInfo): Answer {
  const { key, size, contentType } = info;
  const { tag } = validatorsOf(storage, info);
  const etag = tag === undefined ? undefined : tagText(tag);
  return jsonAnswer(201, { key, size, contentType, etag }, { etag });
}

/** Reads metadata that was signed. The metadata needs no check, because `signed` has written it. */
function metadataOf(text: string | undefined): Metadata | undefined {
  return text === undefined ? undefined : (JSON.parse(text) as Metadata);
}

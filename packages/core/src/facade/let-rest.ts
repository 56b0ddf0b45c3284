import { Readable } from "node:stream";
import { bytesStream } from "../body/open-source.js";
import { FlowedStream, type Rest } from "../body/flowed-stream.js";
import { guardResult } from "../body/guard.js";
import { StorageError, isStorageError } from "../contract/errors.js";
import type { GetResult } from "../contract/provider.js";
import type { Calls } from "./calls.js";

const UNREAD_MS = 30_000;

/**
 * The time that the reader of an open file may pause, in milliseconds. This limit is longer than the limit for a
 * connection, because an open file keeps the bytes of the opened version.
 */
const FILE_READ_MS = 300_000;

/**
 * Lets an object's body release its connection or file while nobody reads the body. When reading continues, the rest of
 * the object is opened again on the same member, by range and ETag.
 */
export function letRest({ provider, unreadMs }: Calls, key: string, result: GetResult): void {
  const { body, info, range, isFile } = result;
  if (!(body instanceof FlowedStream) || unreadMs === 0) return;
  const { etag, ref } = info;
  const { offset, length } = range ?? { offset: 0, length: info.size };
  const canReopen = provider.supports.range && etag !== undefined && !etag.startsWith("W/");
  const reopen: Rest["reopen"] = async (done, signal) => {
    const rest = { offset: offset + done, length: length - done };
    const again = guardResult(await provider.get(key, { signal, ifMatch: etag, range: rest, ref }), provider);
    return again.body instanceof Readable ? again.body : bytesStream(again.body);
  };
  body.rest({
    unreadMs: unreadMs ?? UNREAD_MS,
    readMs: unreadMs ?? (isFile === true ? FILE_READ_MS : UNREAD_MS),
    reopen: canReopen ? reopen : undefined,
    toError: (cause) => lost(info, cause),
  });
}

function lost({ key, provider }: GetResult["info"], cause: unknown): StorageError {
  const isReplaced = isStorageError(cause, "PreconditionFailed") || isStorageError(cause, "NotFound");
  const why = isReplaced ? "was replaced or deleted" : "could not be opened again";
  const reason = `the reader paused for so long that the connection was closed, and then the object ${why}`;
  return new StorageError("Unavailable", reason, { operation: "get", provider, key, cause });
}

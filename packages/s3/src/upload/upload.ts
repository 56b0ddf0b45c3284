import { StorageError, consume, fillParts, type Body } from "@stowage/core/provider";
import { open } from "node:fs/promises";
import { finishParts, partOf, startPart, uploading, type Part } from "./part-upload.js";
import { sendWithLibrary } from "./library-upload.js";
import { partSizeFor } from "./parts.js";
import { putWhole } from "./put-whole.js";
import type { Store } from "../store.js";
import type { Sent, Upload, Write } from "./write.js";

/**
 * Sends a body. A body that fits into one part is sent in one request. A larger body is sent in parts, and several parts are
 * sent at the same time.
 *
 * If the call rejects, nothing of the body is left on the server, all requests have ended, and the source is closed.
 */
export async function uploadBody(store: Store, write: Write, body: Body): Promise<Sent> {
  const partSizeBytes = partSizeFor(body.size, store.partSizeBytes);
  if (body.bytes !== undefined && body.bytes.byteLength <= partSizeBytes) {
    return await putWhole(store, write, body.bytes, write.options.signal);
  }
  const upload = { size: body.size, partSizeBytes };
  return await uploading(store, write, upload, (begun) => sendAll(begun, body));
}

async function sendAll(upload: Upload, body: Body): Promise<Sent> {
  const { store, write, stop } = upload;
  if (store.uploader === "lib-storage") {
    return await sendWithLibrary(upload, body, (bytes) =>
      putWhole(store, write, bytes, stop.signal, { isOnlyCopy: !body.replayable }),
    );
  }
  const inRanges = body.size !== undefined && body.size > upload.partSizeBytes && isSeekable(body);
  const rest = inRanges ? await sendRanges(upload, body, body.size) : await sendStream(upload, body);
  // If the body can be read only once, `rest` is the only copy of its bytes.
  if (upload.uploadId === undefined)
    return await putWhole(store, write, rest, stop.signal, { isOnlyCopy: !body.replayable });
  if (rest.byteLength > 0) await startPart(upload, partOf(upload, rest));
  return await finishParts(upload);
}

function isSeekable({ bytes, path, replayable }: Body): boolean {
  return replayable && (bytes !== undefined || path !== undefined);
}

/**
 * Reads the source once, from its beginning, and sends all parts but the last.
 *
 * @returns The last part, which has not been sent.
 */
async function sendStream(upload: Upload, body: Body): Promise<Uint8Array> {
  const { buffers, stop } = upload;
  return await fillParts(body.open(), stop.signal, buffers.take, (part) =>
    startPart(upload, partOf(upload, part)),
  );
}

/**
 * Reads a source of known length at several positions at the same time.
 *
 * @returns An empty part, because all parts have been sent.
 */
async function sendRanges(upload: Upload, body: Body, size: number): Promise<Uint8Array> {
  const { partSizeBytes } = upload;
  for (let offset = 0; offset < size; offset += partSizeBytes) {
    const length = Math.min(partSizeBytes, size - offset);
    if (body.bytes !== undefined) {
      await startPart(upload, partOf(upload, body.bytes.subarray(offset, offset + length)));
    } else await startPart(upload, partOfFile(upload, body, { offset, length }));
  }
  return new Uint8Array(0);
}

/** Makes a part of a file. Its bytes are read when the part is sent. */
export function partOfFile(
  upload: Upload,
  body: Body,
  range: { readonly offset: number; readonly length: number },
): Part {
  const part = upload.buffers.take();
  const bytes = part.subarray(0, range.length);
  const { path } = body;
  if (path === undefined) return partOf(upload, bytes, (signal) => readRange(body, range, bytes, signal));
  return partOf(upload, bytes, () => readFilePart(upload, path, range, bytes));
}

/**
 * Reads a range of a file straight into a part. A stream would copy the bytes, and would need new memory for each chunk.
 */
async function readFilePart(
  upload: Upload,
  path: string,
  { offset }: { readonly offset: number },
  into: Uint8Array,
): Promise<void> {
  const { key } = upload.write;
  const context = { operation: "put", provider: upload.store.name, key } as const;
  try {
    upload.file ??= open(path);
    const file = await upload.file;
    for (let done = 0; done < into.byteLength;) {
      const { bytesRead } = await file.read(into, done, into.byteLength - done, offset + done);
      if (bytesRead === 0) throw new Error(`the file ends at byte ${offset + done}`);
      done += bytesRead;
    }
  } catch (cause) {
    throw new StorageError("SourceError", "the file of the body cannot be read to its end", {
      ...context,
      cause,
    });
  }
}

async function readRange(
  body: Body,
  range: { readonly offset: number; readonly length: number },
  into: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  let used = 0;
  await consume(body.open(range), signal, (chunk) => {
    into.set(chunk, used);
    used += chunk.byteLength;
  });
}

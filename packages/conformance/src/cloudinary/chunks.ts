import { writeBody, type BodyWriter } from "./bodies.js";
import type { ChunkedUpload, Cloud } from "./cloud.js";
import { Refusal } from "./refusal.js";
import type { Fields } from "./signature.js";

/** One chunk of an upload that comes in several requests. */
export interface Chunk {
  readonly uploadId: string;
  readonly start: number;
  /** The position of the last byte of the chunk in the whole file. */
  readonly end: number;
  /** The size of the whole file in bytes, or `undefined` if the client does not know the size yet. */
  readonly total: number | undefined;
}

/** Returns the chunk that the headers of a request describe, or `undefined` if the request is not a chunk. */
export function chunkOf(headers: Readonly<Record<string, unknown>>): Chunk | undefined {
  const [range, uploadId] = [headers["content-range"], headers["x-unique-upload-id"]];
  if (range === undefined && uploadId === undefined) return undefined;
  const found = /^bytes (\d+)-(\d+)\/(\d+|-1|)$/.exec(String(range));
  if (found === null || typeof uploadId !== "string" || uploadId === "") {
    throw new Refusal(400, "Content-Range and X-Unique-Upload-Id must be sent together");
  }
  const [, start, end, total] = found.map(Number);
  if (start === undefined || end === undefined || end < start)
    throw new Refusal(400, "Invalid Content-Range");
  return { uploadId, start, end, total: total !== undefined && total > 0 ? total : undefined };
}

/** The upload that a chunk belongs to, and the receiver of the chunk's bytes. */
export interface ChunkTarget {
  readonly upload: ChunkedUpload;
  /** The writer for the bytes of the chunk. The writer drops the bytes if the same chunk was received before. */
  readonly body: Pick<BodyWriter, "write">;
  readonly received: () => number;
  readonly isAgain: boolean;
}

/**
 * Opens the upload that a chunk belongs to, so that the chunk's bytes can be written. Chunks must come in order, and a
 * chunk may be sent again.
 */
export function receiveChunk(
  cloud: Cloud,
  chunk: Chunk,
  { place, fields }: { readonly place: string; readonly fields: Fields },
): ChunkTarget {
  const { timestamp: _time, signature: _signature, ...lasting } = fields;
  const asked = JSON.stringify(lasting);
  const known = cloud.uploads.get(chunk.uploadId);
  const upload = known ?? { place, asked, body: writeBody(cloud.directory), chunks: [] };
  if (upload.place !== place) throw new Refusal(400, "The upload belongs to another public_id");
  if (upload.asked !== asked) throw new Refusal(400, "The chunks of an upload have different fields");
  const isAgain = upload.chunks.some(({ start, end }) => start === chunk.start && end === chunk.end);
  if (!isAgain && chunk.start !== upload.body.size()) {
    throw new Refusal(
      400,
      `Chunks are not contiguous: the next chunk must begin at byte ${upload.body.size()}, not at ${chunk.start}`,
    );
  }
  cloud.uploads.set(chunk.uploadId, upload);
  let received = 0;
  const write: BodyWriter["write"] = (bytes) => {
    received += bytes.byteLength;
    return isAgain ? undefined : upload.body.write(bytes);
  };
  return { upload, body: { write }, received: () => received, isAgain };
}

/** Ends a chunk, and drops its bytes if the chunk is wrong. @returns True if the upload is complete. */
export async function endChunk(
  { limits }: Cloud,
  chunk: Chunk,
  { upload, received, isAgain }: ChunkTarget,
): Promise<boolean> {
  const { start, end, total } = chunk;
  const isLast = total === end + 1;
  const problem = chunkProblem(chunk, received(), isLast, limits.chunkBytesMin);
  if (problem !== undefined) {
    if (!isAgain) await upload.body.truncate(start);
    throw new Refusal(400, problem);
  }
  if (!isAgain) upload.chunks.push({ start, end });
  return isLast;
}

function chunkProblem(
  { start, end, total }: Chunk,
  received: number,
  isLast: boolean,
  least: number,
): string | undefined {
  if (received !== end - start + 1)
    return `Content-Range says ${end - start + 1} bytes, but ${received} bytes arrived`;
  if (total !== undefined && end >= total) return "The range in Content-Range ends after the total size";
  return !isLast && received < least ? "All parts except EOF-chunk must be larger than 5mb" : undefined;
}

import {
  StorageError,
  resolveRange,
  type ByteRange,
  type GetOptions,
  type GetResult,
  type ServedRange,
} from "@stowage/core";
import type { GetAnswer } from "./client.js";
import { bareEtag } from "./etag.js";
import { ask, infoOf, type Store } from "./store.js";

export async function getObject(store: Store, key: string, options: GetOptions): Promise<GetResult> {
  const { signal, range, ifMatch } = options;
  const attempted = {
    operation: "get",
    key,
    signal,
    action: "s3:GetObject",
    condition: "PreconditionFailed",
  } as const;
  const request = { key, range: range && headerOf(range), ifMatch: ifMatch && wanted(store, ifMatch) };
  const answer = await ask(store, attempted, () => store.client.getObject(request, { signal }));
  try {
    signal?.throwIfAborted();
    const served = range && servedRange(store, key, range, answer);
    const info = infoOf(store, key, served === undefined ? answer : { ...answer, size: served.size });
    return { info, range: served, body: abortable(answer, signal) };
  } catch (error) {
    answer.body.destroy();
    throw error;
  }
}

/** An ETag as this server compares it. */
function wanted({ dialect }: Store, etag: string): string {
  return dialect.bareIfMatch ? (bareEtag(etag) ?? etag) : etag;
}

/** @see https://www.rfc-editor.org/rfc/rfc9110#name-byte-ranges */
function headerOf(range: ByteRange): string {
  if ("suffix" in range) return `bytes=-${range.suffix}`;
  const { offset, length } = range;
  return `bytes=${offset}-${length === undefined ? "" : offset + length - 1}`;
}

/** What part of how much the server sends. A server may send the whole object instead of a range. */
function servedRange(store: Store, key: string, range: ByteRange, answer: GetAnswer): ServedRange {
  const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(answer.contentRange ?? "") ?? [];
  const size = Number(total);
  const wantedRange = resolveRange(range, total === undefined ? answer.size : size, {
    key,
    provider: store.name,
  });
  const isServed =
    Number(first) === wantedRange.offset && Number(last) === wantedRange.offset + wantedRange.length - 1;
  if (isServed) return wantedRange;
  throw new StorageError("Unsupported", "the server sent another range than it was asked for", {
    operation: "get",
    provider: store.name,
    key,
  });
}

/** The SDK lets go of the signal when the headers are there. */
function abortable({ body }: GetAnswer, signal: AbortSignal | undefined): GetAnswer["body"] {
  if (signal === undefined) return body;
  const abort = (): void => void body.destroy(signal.reason as Error);
  signal.addEventListener("abort", abort, { once: true });
  body.once("close", () => signal.removeEventListener("abort", abort));
  return body;
}

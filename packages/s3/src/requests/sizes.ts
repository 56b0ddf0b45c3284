import type { GetObjectCommandOutput } from "@aws-sdk/client-s3";
import type { Readable } from "node:stream";
import { S3FailureError, type GetAnswer } from "../server/client.js";
import { objectAnswer, sizeIn } from "./convert.js";
import { failureOf } from "../connection/failure.js";

type Open = (range?: string) => Promise<GetObjectCommandOutput>;

/** The range that covers a whole object. The answer to a request with a range contains the size of the object. */
const ALL = "bytes=0-";

/**
 * Opens an object, and finds out its size in bytes. A proxy that compresses answers leaves the size out when it sends the whole
 * object. In that case the object is requested once more, as a range.
 */
export async function openWithSize(range: string | undefined, open: Open): Promise<GetAnswer> {
  const first = await open();
  if (sizeIn(first) !== undefined || range !== undefined || first.ContentRange !== undefined)
    return opened(first);
  bodyOf(first).destroy();
  const { contentRange: _all, ...answer } = opened(await open(ALL));
  return answer;
}

/**
 * Returns the size of an object in bytes, by reading its first byte. Returns `undefined` if the answer does not contain
 * the size.
 */
export async function askForSize(openFirst: Open): Promise<number | undefined> {
  try {
    const answer = await openFirst();
    bodyOf(answer).destroy();
    return totalIn(answer.ContentRange);
  } catch (error) {
    // The object has no first byte, so it is empty.
    const { status } = error instanceof S3FailureError ? error.failure : failureOf(error);
    if (status === 416) return 0;
    throw error;
  }
}

/** @see https://www.rfc-editor.org/rfc/rfc9110#field.content-range */
function totalIn(contentRange: string | undefined): number | undefined {
  const [, total] = /^bytes [0-9]+-[0-9]+\/([0-9]+)$/.exec(contentRange ?? "") ?? [];
  return total === undefined ? undefined : Number(total);
}

/** Returns the number of bytes in a range, according to the header `Content-Range`. */
function lengthIn(contentRange: string | undefined): number | undefined {
  const [, first, last] = /^bytes ([0-9]+)-([0-9]+)\//.exec(contentRange ?? "") ?? [];
  return last === undefined ? undefined : Number(last) - Number(first) + 1;
}

function bodyOf(answer: GetObjectCommandOutput): Readable {
  return answer.Body as unknown as Readable;
}

/** Returns the facts and the body. If facts are missing, closes the body and its socket. */
function opened(answer: GetObjectCommandOutput): GetAnswer {
  const body = bodyOf(answer);
  try {
    const size = sizeIn(answer) ?? lengthIn(answer.ContentRange);
    return { ...objectAnswer(answer, size), contentRange: answer.ContentRange, body };
  } catch (error) {
    body.destroy();
    throw error;
  }
}

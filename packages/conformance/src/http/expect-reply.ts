import assert from "node:assert/strict";
import { sameBytes } from "../expect.js";
import type { HttpReply } from "./http-client.js";
import type { Fixture } from "./http-rule.js";

/** Throws unless the answer has one of these statuses. */
export function hasStatus({ status }: HttpReply, ...expected: readonly number[]): void {
  assert.ok(expected.includes(status), `the status is ${status}, not ${expected.join(" or ")}`);
}

/** Throws unless the answer is the whole object. */
export function isWhole(reply: HttpReply, { bytes }: Fixture): void {
  hasStatus(reply, 200);
  assert.equal(
    reply.headers["content-range"],
    undefined,
    "the answer has status 200, but also a Content-Range header",
  );
  sameBytes(reply.body, bytes);
}

/** Throws unless the answer is exactly this range of the object. */
export function isPart(reply: HttpReply, { bytes }: Fixture, offset: number, length: number): void {
  hasStatus(reply, 206);
  const expected = `bytes ${offset}-${offset + length - 1}/${bytes.byteLength}`;
  assert.equal(reply.headers["content-range"], expected, "Content-Range is not the requested range");
  assert.equal(
    reply.headers["content-length"],
    String(length),
    "Content-Length is not the length of the requested range",
  );
  sameBytes(reply.body, bytes.subarray(offset, offset + length));
}

/** Throws unless the answer is 304 without a body. */
export function isNotModified(reply: HttpReply): void {
  hasStatus(reply, 304);
  assert.equal(reply.body.byteLength, 0, "the answer has status 304, but also a body");
}

/** Throws unless the answer says that no byte of the object lies in the range. */
export function isUnsatisfiable(reply: HttpReply, { bytes }: Fixture): void {
  hasStatus(reply, 416);
  assert.equal(
    reply.headers["content-range"],
    `bytes */${bytes.byteLength}`,
    "Content-Range does not contain the size of the object",
  );
}

/** Returns a header that the answer must have. */
export function headerOf({ headers }: HttpReply, name: string): string {
  const value = headers[name];
  assert.ok(value !== undefined, `the answer has no ${name} header`);
  return value;
}

/** Throws unless the server has ignored the range or refused the request with 4xx. */
export function isIgnoredOrRefused(reply: HttpReply, fixture: Fixture): void {
  if (reply.status === 200) isWhole(reply, fixture);
  else assert.ok(reply.status >= 400 && reply.status < 500, `the status is ${reply.status}, not 200 or 4xx`);
}

import { PassThrough, Writable, type Readable } from "node:stream";
import type { ObjectInfo } from "../contract/object.js";
import { BUFFERED_BYTES, ignore } from "../body/stream-watch.js";

/** A put that gets its body from a writable stream. */
export interface ObjectWriter {
  /**
   * The stream to write the bytes to. The stream finishes when the object is stored. If the put fails, the stream is destroyed
   * with the error of the put.
   */
  readonly stream: Writable;
  /** A promise for the facts of the new object. The promise rejects if the put fails. */
  readonly done: Promise<ObjectInfo>;
}

/** Begins a put. The body consists of the bytes that the caller writes to the returned stream. */
export function createObjectWriter(put: (body: Readable) => Promise<ObjectInfo>): ObjectWriter {
  const body = new PassThrough({ highWaterMark: BUFFERED_BYTES });
  const done = put(body);
  const stream = new Writable({
    highWaterMark: BUFFERED_BYTES,
    write: (chunk, _encoding, callback) => {
      if (body.write(chunk)) callback();
      else body.once("drain", callback);
    },
    final: (callback) => {
      body.end();
      done.then(() => callback(), callback);
    },
    destroy: (error, callback) => {
      body.destroy(error ?? undefined);
      callback(error);
    },
  });
  body.on("error", ignore);
  // A caller that waits only for `done` need not listen to the stream.
  stream.on("error", ignore);
  done.catch((error: Error) => void stream.destroy(error));
  return { stream, done };
}

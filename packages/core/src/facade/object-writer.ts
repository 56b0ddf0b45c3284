import { PassThrough, Writable, type Readable } from "node:stream";
import type { ObjectInfo } from "../contract/object.js";
import { BUFFERED_BYTES, ignore } from "../body/stream-watch.js";

/** A put whose body is written into a stream. */
export interface ObjectWriter {
  /**
   * The stream that takes the bytes. It finishes when the object is stored, and is destroyed with the error of a put that failed.
   */
  readonly stream: Writable;
  /** A promise of the facts of the new object. It rejects when the put fails. */
  readonly done: Promise<ObjectInfo>;
}

/** Begins a put. Its body is the bytes that will be written into a stream. */
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

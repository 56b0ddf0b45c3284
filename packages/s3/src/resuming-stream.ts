import { Readable } from "node:stream";

/** How a body goes on after its connection was cut. */
export interface Resuming {
  /** In bytes. */
  readonly length: number;
  /** Opens the rest of the very same object. */
  readonly openAt: (offset: number, signal: AbortSignal) => Promise<Readable>;
  /** What a cut means when there is no going on. */
  readonly toError: (cause: unknown) => Error;
  /** Is given every byte once, in order; `end` throws when they were not those that they should have been. */
  readonly compare?: { readonly update: (chunk: Uint8Array) => void; readonly end: () => void } | undefined;
}

/** What is read ahead of the reader, in bytes: with less the connection pauses after every chunk. */
const AHEAD_BYTES = 512 * 1024;

/** How often a body is taken up again, in all. */
const RESUMES_MAX = 3;

/**
 * The body of an object. When its connection is cut it goes on where it was, at most three times, and its reader
 * notices nothing. It never pauses the connection for longer than its reader pauses.
 */
export class ResumingStream extends Readable {
  readonly #resuming: Resuming;
  /** Present while the rest is being opened: an abort is dear, and most bodies end without one. */
  #opening: AbortController | undefined;
  /** Absent while the rest is being opened. */
  #source: Readable | undefined;
  #received = 0;
  #resumes = 0;

  constructor(source: Readable, resuming: Resuming) {
    super({ highWaterMark: AHEAD_BYTES });
    this.#resuming = resuming;
    this.#follow(source);
  }

  override _read(): void {
    this.#source?.resume();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#opening?.abort();
    this.#source?.destroy();
    callback(error);
  }

  #follow(source: Readable): void {
    this.#source = source.pause();
    source.on("data", (chunk: Uint8Array) => {
      this.#received += chunk.byteLength;
      this.#resuming.compare?.update(chunk);
      if (!this.push(chunk)) source.pause();
    });
    source.once("end", () => {
      if (this.#received < this.#resuming.length) return this.#cut(source, undefined);
      this.#source = undefined;
      this.#end();
    });
    source.on("error", (error) => this.#cut(source, error));
    source.once("close", () => this.#cut(source, undefined));
  }

  #end(): void {
    try {
      this.#resuming.compare?.end();
      this.push(null);
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  /** Told of every way in which a source ends too early; only the first counts. */
  #cut(source: Readable, cause: unknown): void {
    if (this.#source !== source || this.destroyed) return;
    this.#source = undefined;
    source.removeAllListeners("data").destroy();
    this.#resume(cause).catch((error: Error) => this.destroy(error));
  }

  async #resume(cause: unknown): Promise<void> {
    if (++this.#resumes > RESUMES_MAX) throw this.#resuming.toError(cause);
    this.#opening = new AbortController();
    const source = await this.#resuming.openAt(this.#received, this.#opening.signal);
    this.#opening = undefined;
    if (this.destroyed) return void source.destroy();
    this.#follow(source);
    source.resume();
  }
}

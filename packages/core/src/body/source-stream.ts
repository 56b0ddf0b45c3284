import { Readable } from "node:stream";
import { StorageError, isBodyFailure } from "../contract/errors.js";
import { BUFFERED_BYTES, Watch, ignore, type StreamRules } from "./stream-watch.js";

/** The owner and the limits of a body, used in the errors of its source. */
export interface SourceContext {
  readonly key?: string | undefined;
  readonly provider: string;
  /** The time to wait for the next bytes of a source, in milliseconds. */
  readonly idleMs?: number | undefined;
  /** The maximum number of bytes that the caller allows. */
  readonly maxBytes?: number | undefined;
  /**
   * True if the caller passed a function, and that function made the source for this reading. This reading must then close the
   * source, even if no byte was read.
   */
  readonly isMade?: boolean | undefined;
}

/** A source that returns one chunk for each request, and that can be told to stop. */
export interface ChunkSource {
  readonly next: () => Promise<IteratorResult<unknown, unknown>>;
  readonly cancel: (reason: unknown) => void;
}

/** Makes the error for a failure of the caller's body. After such a failure nothing is written. */
export function sourceError(reason: string, context: SourceContext, cause?: unknown): StorageError {
  const { key, provider } = context;
  return new StorageError("SourceError", reason, { operation: "put", key, provider, cause });
}

/** Makes the error for a body that is longer than the caller allows. The error names no provider, because no provider failed. */
export function tooLarge({ key, maxBytes }: SourceContext, size?: number): StorageError {
  const actual = size === undefined ? `longer than ${maxBytes} bytes` : `${size} bytes long`;
  const reason = `the body is ${actual}, but maxBytes is ${maxBytes}`;
  return new StorageError("TooLarge", reason, { operation: "put", key });
}

/** Makes the rules for a caller's body. Every failure is a `SourceError`, or `TooLarge` above `maxBytes`. */
export function sourceRules(size: number | undefined, context: SourceContext): StreamRules {
  const { maxBytes, idleMs } = context;
  return {
    size,
    idleMs,
    most: maxBytes === undefined ? undefined : { bytes: maxBytes, error: () => tooLarge(context) },
    toError: (reason, cause) =>
      isBodyFailure(cause) ? cause : sourceError(`the body ${reason}`, context, cause),
  };
}

/** A byte stream that requests its chunks from a source. */
export class PulledStream extends Readable {
  readonly #source: ChunkSource;
  readonly #rules: StreamRules;
  readonly #watch: Watch;
  #pulling = false;
  /** True when the reader wants more bytes. A reader may ask for more even while it receives a chunk. */
  #wanted = false;
  #done = false;

  constructor(source: ChunkSource, rules: StreamRules) {
    super({ highWaterMark: BUFFERED_BYTES });
    this.#source = source;
    this.#rules = rules;
    this.#watch = new Watch(rules, (error) => this.destroy(error as Error));
    this.on("error", ignore);
  }

  override _read(): void {
    this.#wanted = true;
    if (!this.#pulling) void this.#pull();
  }

  async #pull(): Promise<void> {
    this.#pulling = true;
    try {
      while (this.#wanted && !this.#done && !this.destroyed) await this.#pullOne();
    } catch (error) {
      this.destroy(this.#rules.toError("failed", error) as Error);
    } finally {
      this.#pulling = false;
    }
  }

  async #pullOne(): Promise<void> {
    this.#watch.wait();
    const { done, value } = await this.#source.next();
    if (this.destroyed) return;
    if (done === true) {
      this.#done = true;
      this.#watch.finish();
      this.push(null);
      return;
    }
    const bytes = this.#watch.take(value);
    if (bytes.byteLength === 0) return;
    this.#wanted = false;
    if (this.push(bytes)) this.#wanted = true;
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#watch.rest();
    if (!this.#done) this.#source.cancel(error);
    callback(error);
  }
}

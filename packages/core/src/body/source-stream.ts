import { Readable } from "node:stream";
import { StorageError, isStorageError } from "../contract/errors.js";
import { BUFFERED_BYTES, Watch, ignore, type StreamRules } from "./stream-watch.js";

/** Whose body it is, for the errors of its source. */
export interface SourceContext {
  readonly key?: string | undefined;
  readonly provider: string;
  /** How long to wait for the next bytes of a source, in milliseconds. */
  readonly idleMs?: number | undefined;
}

/** Anything that gives bytes chunk by chunk when asked, and can be told to stop. */
export interface ChunkSource {
  readonly next: () => Promise<IteratorResult<unknown, unknown>>;
  readonly cancel: (reason: unknown) => void;
}

/** A failure of the caller's body; nothing is written when it happens. */
export function sourceError(reason: string, context: SourceContext, cause?: unknown): StorageError {
  const { key, provider } = context;
  return new StorageError("SourceError", reason, { operation: "put", key, provider, cause });
}

/** The rules for a body that a caller gave: whatever goes wrong is a `SourceError`. */
export function sourceRules(size: number | undefined, context: SourceContext): StreamRules {
  return {
    size,
    idleMs: context.idleMs,
    toError: (reason, cause) =>
      isStorageError(cause, "SourceError") ? cause : sourceError(`the body ${reason}`, context, cause),
  };
}

/** A byte stream over anything that is asked for its chunks. */
export class PulledStream extends Readable {
  readonly #source: ChunkSource;
  readonly #rules: StreamRules;
  readonly #watch: Watch;
  #pulling = false;
  #done = false;

  constructor(source: ChunkSource, rules: StreamRules) {
    super({ highWaterMark: BUFFERED_BYTES });
    this.#source = source;
    this.#rules = rules;
    this.#watch = new Watch(rules, (error) => this.destroy(error as Error));
    this.on("error", ignore);
  }

  override _read(): void {
    if (!this.#pulling) void this.#pull();
  }

  async #pull(): Promise<void> {
    this.#pulling = true;
    try {
      let wanted = true;
      while (wanted && !this.destroyed) wanted = await this.#pullOne();
    } catch (error) {
      this.destroy(this.#rules.toError("failed", error) as Error);
    } finally {
      this.#pulling = false;
    }
  }

  async #pullOne(): Promise<boolean> {
    this.#watch.wait();
    const { done, value } = await this.#source.next();
    if (this.destroyed) return false;
    if (done === true) {
      this.#done = true;
      this.#watch.finish();
      this.push(null);
      return false;
    }
    const bytes = this.#watch.take(value);
    return bytes.byteLength === 0 || this.push(bytes);
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#watch.rest();
    if (!this.#done) this.#source.cancel(error);
    callback(error);
  }
}

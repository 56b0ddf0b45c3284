import { Readable } from "node:stream";
import { TIMER_MS_MAX } from "./abort.js";
import { StorageError, isStorageError } from "./errors.js";
import { describeType } from "./key.js";

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

/** What a stream insists on while bytes pass through it. */
export interface StreamRules {
  /** The exact length, in bytes. */
  readonly size?: number | undefined;
  /** The error for a source that fails, ends early or goes on too long. */
  readonly toError: (reason: string, cause?: unknown) => unknown;
  /** How long a reader waits for the next bytes, in milliseconds; absent or 0 for ever. */
  readonly idleMs?: number | undefined;
}

/** What a stream over another insists on, and how it goes on when that one is cut. */
export interface FlowRules extends StreamRules {
  /** How much waits in memory, in bytes; default 256 KiB. */
  readonly aheadBytes?: number | undefined;
  /** Opens the rest of the very same bytes, of which so many have come; at most three times. */
  readonly reopen?: ((offset: number, signal: AbortSignal) => Promise<Readable>) | undefined;
  /** Is given every byte once, in order; `end` throws when they were not those that they should have been. */
  readonly inspect?: Inspection | undefined;
}

export interface Inspection {
  readonly update: (bytes: Uint8Array) => void;
  readonly end: () => void;
}

/** How often a stream goes on after it was cut, in all. */
const REOPENS_MAX = 3;

/** Chunks wait in memory up to this many bytes, whatever the length of the source. */
const BUFFERED_BYTES = 256 * 1024;

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

/** Counts what passes against the promised size, refuses what is not bytes, and notices silence. */
class Watch {
  readonly #rules: StreamRules;
  readonly #fail: (error: unknown) => void;
  #seen = 0;
  #idleMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(rules: StreamRules, fail: (error: unknown) => void) {
    this.#rules = rules;
    this.#fail = fail;
    this.#idleMs = rules.idleMs ?? 0;
  }

  /** Bytes that have passed. */
  get seen(): number {
    return this.#seen;
  }

  get isWhole(): boolean {
    const { size } = this.#rules;
    return size === undefined || this.#seen === size;
  }

  /** Waits no longer than this, whatever the rules say. */
  limit(idleMs: number): void {
    if (idleMs > 0) this.#idleMs = this.#idleMs === 0 ? idleMs : Math.min(this.#idleMs, idleMs);
  }

  take(chunk: unknown, encoding: BufferEncoding | null = null): Uint8Array {
    const { size, toError } = this.#rules;
    const bytes = toBytes(chunk, encoding);
    if (bytes === undefined) throw toError(`gave ${describeChunk(chunk)} where bytes were expected`);
    if (bytes.byteLength > 0) this.rest();
    this.#seen += bytes.byteLength;
    if (size !== undefined && this.#seen > size) {
      throw toError(`is longer than its declared size of ${size} bytes`);
    }
    return bytes;
  }

  finish(): void {
    this.rest();
    const { size, toError } = this.#rules;
    if (!this.isWhole) throw toError(`ended after ${this.#seen} bytes, its declared size is ${size}`);
  }

  /** The reader waits from now on. */
  wait(): void {
    const idleMs = this.#idleMs;
    if (idleMs === 0 || this.#timer !== undefined) return;
    this.#timer = setTimeout(
      () => this.#fail(this.#rules.toError(`gave no bytes for ${idleMs} ms`)),
      Math.min(idleMs, TIMER_MS_MAX),
    );
  }

  rest(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

/** Whoever reads a stream hears of its error. When nobody does it must not end the process. */
function ignore(): void {}

function toBytes(chunk: unknown, encoding: BufferEncoding | null): Uint8Array | undefined {
  if (chunk instanceof Uint8Array) return chunk;
  if (typeof chunk === "string") return textBytes(chunk, encoding);
  if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk);
  if (ArrayBuffer.isView(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  return undefined;
}

/** The bytes that a stream turned into text, or text as UTF-8; half a character is none. */
function textBytes(text: string, encoding: BufferEncoding | null): Uint8Array | undefined {
  if (encoding !== null) return Buffer.from(text, encoding);
  return text.isWellFormed() ? Buffer.from(text) : undefined;
}

function describeChunk(chunk: unknown): string {
  return typeof chunk === "string" ? "text that is not well-formed" : describeType(chunk);
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

/**
 * A byte stream over a Node stream that flows by itself; it is paused when nobody wants more. It can be
 * destroyed, and notices silence, while the source is still being opened. When the source is cut and can be opened
 * again, its reader notices nothing.
 */
export class FlowedStream extends Readable {
  readonly #rules: FlowRules;
  readonly #watch: Watch;
  #source: Readable | undefined;
  #wanted = false;
  #reopened = 0;
  /** Present while the rest is being opened: an abort is dear, and most streams end without one. */
  #reopening: AbortController | undefined;

  constructor(open: () => Readable | Promise<Readable>, rules: FlowRules) {
    super({ highWaterMark: rules.aheadBytes ?? BUFFERED_BYTES });
    this.#rules = rules;
    this.#watch = new Watch(rules, (error) => this.destroy(error as Error));
    this.on("error", ignore);
    void this.#open(open);
  }

  /** Limits how long its reader waits for bytes, in milliseconds. */
  limitSilence(idleMs: number): void {
    this.#watch.limit(idleMs);
  }

  async #open(open: () => Readable | Promise<Readable>): Promise<void> {
    try {
      const opened = open();
      this.#attach(opened instanceof Readable ? opened : await opened);
    } catch (error) {
      this.#fail(error);
    }
  }

  #attach(source: Readable): void {
    this.#reopening = undefined;
    if (this.destroyed) return void source.on("error", ignore).destroy();
    if (source.errored) return this.#cut("failed", source.errored);
    if (source.destroyed || source.readableEnded) throw this.#rules.toError("was read or closed before");
    this.#source = source;
    source.on("error", this.#onError).on("close", this.#onClose).on("end", this.#onEnd);
    source.on("data", this.#onData).pause();
    if (this.#wanted) source.resume();
  }

  readonly #onData = (chunk: unknown): void => {
    if (this.destroyed) return;
    try {
      const bytes = this.#watch.take(chunk, this.#source?.readableEncoding);
      this.#rules.inspect?.update(bytes);
      if (bytes.byteLength > 0 && !this.push(bytes)) this.#pause();
    } catch (error) {
      this.#fail(error);
    }
  };

  readonly #onEnd = (): void => {
    if (!this.#watch.isWhole && this.#isReopened()) return;
    try {
      this.#watch.finish();
      this.#rules.inspect?.end();
      this.push(null);
    } catch (error) {
      this.#fail(error);
    }
  };

  readonly #onError = (error: unknown): void => this.#cut("failed", error);

  readonly #onClose = (): void => {
    if (this.#source?.readableEnded === true || this.readableEnded || this.destroyed) return;
    this.#cut("was closed before its end");
  };

  #cut(reason: string, cause?: unknown): void {
    if (this.destroyed || this.#isReopened()) return;
    this.destroy(this.#rules.toError(reason, cause) as Error);
  }

  #fail(error: unknown): void {
    this.destroy(this.#rules.toError("failed", error) as Error);
  }

  /** Goes on where it was, unless it may not or has too often. */
  #isReopened(): boolean {
    const { reopen } = this.#rules;
    if (reopen === undefined || this.#reopened === REOPENS_MAX) return false;
    this.#reopened++;
    this.#release();
    const { signal } = (this.#reopening = new AbortController());
    void this.#open(() => reopen(this.#watch.seen, signal));
    return true;
  }

  override _read(): void {
    this.#watch.wait();
    this.#wanted = true;
    this.#source?.resume();
  }

  #pause(): void {
    this.#wanted = false;
    this.#source?.pause();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#watch.rest();
    this.#reopening?.abort();
    this.#release();
    callback(error);
  }

  #release(): void {
    const source = this.#source;
    if (source === undefined) return;
    this.#source = undefined;
    source.off("data", this.#onData).off("end", this.#onEnd).off("close", this.#onClose);
    source.off("error", this.#onError).on("error", ignore);
    if (!source.destroyed && !source.readableEnded) source.destroy();
  }
}

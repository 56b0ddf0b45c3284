import { clock, createController } from "../kit/clock.js";
import { Readable } from "node:stream";
import type { IdleBodies } from "./idle-bodies.js";
import { canReadInto, type ReadsInto } from "./reads-into.js";
import { BUFFERED_BYTES, Watch, ignore, isListenedTo, type StreamRules } from "./stream-watch.js";

/** The rules of a stream that reads from another stream: the checks, and the way to continue when the source is cut off. */
export interface FlowRules extends StreamRules {
  /** The maximum number of bytes that wait in memory; default 256 KiB. */
  readonly aheadBytes?: number | undefined;
  /** Opens the source again at `offset`. The bytes must be the same as before. Called at most three times. */
  readonly reopen?: ((offset: number, signal: AbortSignal) => Promise<Readable>) | undefined;
  /** Receives every byte exactly once, in order. The function `end` throws if the bytes were wrong. */
  readonly inspect?: Inspection | undefined;
  /** Runs at the end of the source, and throws if the source was cut off. Some sources report this only at their end. */
  readonly atEnd?: (() => void) | undefined;
  /**
   * The provider's bodies that wait for their readers. When a request waits for a connection, one of these bodies gives its
   * connection back.
   */
  readonly idle?: IdleBodies | undefined;
  /** Ends a source that is not read to its end. By default, the source is destroyed. */
  readonly letGo?: ((source: Readable) => void) | undefined;
}

/** The limits on how long a stream keeps its source open while no bytes are read, in milliseconds. */
export interface Rest {
  /** The limit for a stream that has not been read yet. */
  readonly unreadMs: number;
  /** The limit for a stream that has been read in part. */
  readonly readMs: number;
  /**
   * Opens the source again. The bytes must be the same as before. This function is used if the rules of the stream have
   * no `reopen`.
   */
  readonly reopen?: FlowRules["reopen"];
  /** Makes the error for a source that was closed during a pause of the reader and cannot be opened again. */
  readonly toError: (cause?: unknown) => unknown;
}

/** An observer of the bytes that pass. The observer sees every byte exactly once, in order. */
export interface Inspection {
  readonly update: (bytes: Uint8Array) => void;
  readonly end: () => void;
}

/** The maximum number of times that one stream opens its source again after the source was cut off. */
const REOPENS_MAX = 3;

/**
 * A byte stream that reads from a Node stream in flowing mode. The source is paused while the reader wants no more
 * bytes. Even before the source is open, the stream can be destroyed, and fails if no bytes arrive in time. If the
 * source is cut off, the stream opens the source again if possible, and the reader notices nothing.
 */
export class FlowedStream extends Readable implements ReadsInto {
  readonly #rules: FlowRules;
  readonly #watch: Watch;
  #source: Readable | undefined;
  #wanted = false;
  #reopened = 0;
  /**
   * Present only while the rest of the source is being opened. An abort controller is expensive, and most streams never need one.
   */
  #reopening: AbortController | undefined;
  #rest: Rest | undefined;
  #restTimer: NodeJS.Timeout | undefined;
  #idleSince: number = clock.now();
  /** True while the source is closed because the stream is not being read. */
  #isResting = false;

  constructor(open: () => Readable | Promise<Readable>, rules: FlowRules) {
    super({ highWaterMark: rules.aheadBytes ?? BUFFERED_BYTES });
    this.#rules = rules;
    this.#watch = new Watch(rules, (error) => this.destroy(error as Error));
    this.on("error", ignore);
    void this.#open(open);
  }

  /** The number of bytes that have come from the source. */
  get seenBytes(): number {
    return this.#watch.seen;
  }

  /** The time at which the stream began to wait for its reader. */
  get idleSince(): number {
    return this.#idleSince;
  }

  get canReadInto(): boolean {
    const { inspect, atEnd } = this.#rules;
    return (
      inspect === undefined && atEnd === undefined && !this.#isReadInChunks() && canReadInto(this.#source)
    );
  }

  async readInto(target: Uint8Array): Promise<number> {
    const source = this.#source;
    if (!this.canReadInto || !canReadInto(source))
      throw new TypeError("The stream does not support readInto");
    this.#watch.wait();
    this.#wanted = true;
    try {
      const count = await source.readInto(target);
      if (this.destroyed) throw this.errored ?? new Error("The stream was closed");
      if (count > 0) this.#watch.take(target.subarray(0, count));
      else this.#endUnread();
      return count;
    } catch (error) {
      this.#cut("failed", error);
      throw this.errored ?? error;
    } finally {
      this.#wanted = false;
      this.#beIdle();
    }
  }

  #isReadInChunks(): boolean {
    return this.readableDidRead || this.readableFlowing !== null || this.destroyed || this.#isResting;
  }

  /** Ends a stream after the reader has read all its bytes into memory. Listeners then receive the event `end`. */
  #endUnread(): void {
    this.#watch.finish();
    this.push(null);
    this.resume();
  }

  /** Limits how long the reader waits for bytes, in milliseconds. */
  limitSilence(idleMs: number): void {
    this.#watch.limit(idleMs);
  }

  /**
   * Pipes like every stream. If the destination closes early and there is no other reader, also destroys this stream. For
   * example, a response closes early when its client disconnects. Node's own `pipe` would leave the stream open.
   */
  override pipe<Destination extends NodeJS.WritableStream>(
    destination: Destination,
    options?: { readonly end?: boolean },
  ): Destination {
    super.pipe(destination, options);
    // Node's own listener for `close` runs first and removes the destination from this stream. The listener below then
    // checks whether the stream still has other readers.
    return destination.once("close", () => {
      if (!this.readableEnded && !isListenedTo(this)) this.destroy();
    });
  }

  /**
   * From now on, closes the source whenever the reader reads nothing for the given time. Opens the source again when
   * reading continues.
   */
  rest(rest: Rest): void {
    this.#rest = rest;
    if (!this.destroyed) this.#restIn(rest.unreadMs);
  }

  /** Closes the source if the stream is not being read and can be opened again. Returns `true` if the source was closed. */
  giveBack(): boolean {
    const source = this.#source;
    if (this.#wanted || source === undefined || source.readableEnded) return false;
    if ((this.#rules.reopen ?? this.#rest?.reopen) === undefined) return false;
    this.#isResting = true;
    this.#release();
    return true;
  }

  #restIn(milliseconds: number): void {
    this.#restTimer = clock.setTimeout(() => this.#look(), milliseconds).unref();
  }

  /** Checks how long the reader has paused, and closes the source if the pause is too long. */
  #look(): void {
    const rest = this.#rest;
    if (rest === undefined || this.#isResting || this.destroyed) return;
    const limitMs = this.readableDidRead ? rest.readMs : rest.unreadMs;
    const leftMs = this.#wanted ? limitMs : this.#idleSince + limitMs - clock.now();
    // Node's timers may be up to a millisecond early.
    if (leftMs >= 1) return this.#restIn(leftMs);
    if (this.#source === undefined || this.giveBack()) return;
    this.destroy(rest.toError() as Error);
  }

  /** Opens the rest of a source that was closed during a pause. */
  #goOn(): void {
    this.#isResting = false;
    const rest = this.#rest;
    if (rest !== undefined) this.#restIn(rest.readMs);
    if (this.#rules.size !== undefined && this.#watch.isWhole) return this.#onEnd();
    const reopen = this.#rules.reopen ?? rest?.reopen;
    if (reopen === undefined) return;
    const { signal } = (this.#reopening = createController());
    const opening = reopen(this.#watch.seen, signal);
    void this.#open(() =>
      opening.catch((error: unknown) => {
        throw rest === undefined ? error : rest.toError(error);
      }),
    );
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
    if (this.destroyed) return this.#letGo(source.on("error", ignore));
    if (source.errored) return this.#cut("failed", source.errored);
    if (source.destroyed || source.readableEnded) throw this.#rules.toError("was already read or closed");
    this.#source = source;
    source.on("error", this.#onError).on("close", this.#onClose).on("end", this.#onEnd);
    // The source is paused first. Otherwise the listener for `data` would start to read a file before the reader wants
    // its bytes.
    if (canReadInto(source)) source.pause();
    source.on("data", this.#onData).pause();
    if (this.#wanted) source.resume();
    else this.#beIdle();
  }

  #beIdle(): void {
    this.#idleSince = clock.now();
    this.#rules.idle?.add(this);
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
      this.#rules.atEnd?.();
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

  /**
   * Opens the source again where it was cut off, if the rules allow this and the limit is not reached. Returns `true`
   * if the source is being opened.
   */
  #isReopened(): boolean {
    const { reopen } = this.#rules;
    if (reopen === undefined || this.#reopened === REOPENS_MAX) return false;
    this.#reopened++;
    this.#release();
    const { signal } = (this.#reopening = createController());
    void this.#open(() => reopen(this.#watch.seen, signal));
    return true;
  }

  override _read(): void {
    this.#watch.wait();
    this.#wanted = true;
    this.#rules.idle?.delete(this);
    if (this.#isResting) this.#goOn();
    else this.#source?.resume();
  }

  #pause(): void {
    this.#wanted = false;
    this.#source?.pause();
    this.#beIdle();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#watch.rest();
    clock.clearTimeout(this.#restTimer);
    this.#rules.idle?.delete(this);
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
    if (!source.destroyed && !source.readableEnded) this.#letGo(source);
  }

  #letGo(source: Readable): void {
    if (this.#rules.letGo === undefined) source.destroy();
    else this.#rules.letGo(source);
  }
}

import { clock, createController } from "../kit/clock.js";
import { Readable } from "node:stream";
import type { IdleBodies } from "./idle-bodies.js";
import { canReadInto, type ReadsInto } from "./reads-into.js";
import { BUFFERED_BYTES, Watch, ignore, isListenedTo, type StreamRules } from "./stream-watch.js";

/** What a stream over another insists on, and how it goes on when that one is cut. */
export interface FlowRules extends StreamRules {
  /** How much waits in memory, in bytes; default 256 KiB. */
  readonly aheadBytes?: number | undefined;
  /** Opens the rest of the very same bytes, of which so many have come; at most three times. */
  readonly reopen?: ((offset: number, signal: AbortSignal) => Promise<Readable>) | undefined;
  /** Is given every byte once, in order; `end` throws when they were not those that they should have been. */
  readonly inspect?: Inspection | undefined;
  /** Throws at the end of a source that says only then that it is not whole. */
  readonly atEnd?: (() => void) | undefined;
  /** Those of one provider that nobody reads: they give their connections back when others wait for one. */
  readonly idle?: IdleBodies | undefined;
  /** Ends a source that is not read to its end; default: destroys it. */
  readonly letGo?: ((source: Readable) => void) | undefined;
}

/** Limits on how long a stream that nobody reads keeps its source, in milliseconds. */
export interface Rest {
  /** Of a stream of which nothing was read yet. */
  readonly unreadMs: number;
  /** Of one of which something was read. */
  readonly readMs: number;
  /** Opens the rest of the very same bytes, for a stream whose rules have no way of their own. */
  readonly reopen?: FlowRules["reopen"];
  /** The error for a stream that goes on to be read, and cannot be opened again. */
  readonly toError: (cause?: unknown) => unknown;
}

/** A look at the bytes that pass: it sees every byte once, in order. */
export interface Inspection {
  readonly update: (bytes: Uint8Array) => void;
  readonly end: () => void;
}

/** How often a stream goes on after it was cut, in all. */
const REOPENS_MAX = 3;

/**
 * A byte stream over a Node stream that flows by itself; it is paused when nobody wants more. It can be
 * destroyed, and notices silence, while the source is still being opened. When the source is cut and can be opened
 * again, its reader notices nothing.
 */
export class FlowedStream extends Readable implements ReadsInto {
  readonly #rules: FlowRules;
  readonly #watch: Watch;
  #source: Readable | undefined;
  #wanted = false;
  #reopened = 0;
  /** Present while the rest is being opened: an abort is dear, and most streams end without one. */
  #reopening: AbortController | undefined;
  #rest: Rest | undefined;
  #restTimer: NodeJS.Timeout | undefined;
  #idleSince: number = clock.now();
  /** Set while the source is let go because nobody reads. */
  #isResting = false;

  constructor(open: () => Readable | Promise<Readable>, rules: FlowRules) {
    super({ highWaterMark: rules.aheadBytes ?? BUFFERED_BYTES });
    this.#rules = rules;
    this.#watch = new Watch(rules, (error) => this.destroy(error as Error));
    this.on("error", ignore);
    void this.#open(open);
  }

  /** Bytes that have come from the source. */
  get seenBytes(): number {
    return this.#watch.seen;
  }

  /** The time since which nobody reads, of a stream that waits for its reader. */
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
    if (!this.canReadInto || !canReadInto(source)) throw new TypeError("The stream is read in another way");
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

  /** Ends a stream whose bytes were read into memory of the reader: only its listeners wait for the end. */
  #endUnread(): void {
    this.#watch.finish();
    this.push(null);
    this.resume();
  }

  /** Limits how long its reader waits for bytes, in milliseconds. */
  limitSilence(idleMs: number): void {
    this.#watch.limit(idleMs);
  }

  /**
   * Pipes as every stream does. When the destination is closed before its end, as the response to a client that leaves, and
   * nobody else reads, the stream is destroyed: Node's own would stay open.
   */
  override pipe<Destination extends NodeJS.WritableStream>(
    destination: Destination,
    options?: { readonly end?: boolean },
  ): Destination {
    super.pipe(destination, options);
    // Node's own listener comes first: it has let go of the destination when it is looked who else reads.
    return destination.once("close", () => {
      if (!this.readableEnded && !isListenedTo(this)) this.destroy();
    });
  }

  /** From now on the source is let go when nobody reads for so long, and opened again when reading goes on. */
  rest(rest: Rest): void {
    this.#rest = rest;
    if (!this.destroyed) this.#restIn(rest.unreadMs);
  }

  /** Lets the source go, if nobody reads and it can be opened again; tells whether it did. */
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

  /** Looks whether it was read in the meantime. */
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

  /** Opens the rest of what was let go. */
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
    if (source.destroyed || source.readableEnded) throw this.#rules.toError("was read or closed before");
    this.#source = source;
    source.on("error", this.#onError).on("close", this.#onClose).on("end", this.#onEnd);
    // In this order: a file is not read before somebody wants its bytes.
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

  /** Goes on where it was, unless it may not or has too often. */
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

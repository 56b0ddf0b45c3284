import { clock } from "../kit/clock.js";
import { createHash, type Hash } from "node:crypto";
import { Readable } from "node:stream";
import type { Body } from "../contract/provider.js";

/** The maximum number of bytes of a body that may wait for its slowest reader. */
export const WINDOW_BYTES: number = 8 * 1024 * 1024;

/**
 * The longest time that the other readers wait for a reader that reads nothing, in milliseconds. After that time the
 * slow reader is dropped. If there is a journal, repair later copies the object to the member of the slow reader.
 */
const LAG_MS = 2000;

/** One reader's view of a body. */
export interface Share {
  readonly body: Body;
  /** Tells whether the complete body may have been sent. A put that has not received the end of the body cannot have taken effect. */
  readonly mayBeWhole: () => boolean;
  /** Returns the length of the whole body in bytes; `undefined` until the length is known. */
  readonly size: () => number | undefined;
  /** Drops this reader, so that the other readers do not wait for this reader. */
  readonly leave: () => void;
}

export interface TeeOptions {
  /**
   * The number of readers that must be kept. The other readers may be dropped if they are too slow.
   *
   * @default all
   */
  readonly need?: number | undefined;
  /**
   * Makes the error for a reader that was dropped.
   *
   * @default none: every reader is kept
   */
  readonly tooSlow?: (() => Error) | undefined;
  /**
   * The maximum number of bytes that may wait for the slowest reader.
   *
   * @default 8 MiB
   */
  readonly windowBytes?: number | undefined;
}

export interface Tee {
  readonly shares: readonly Share[];
  /**
   * Returns the digest of a stream in lower-case hexadecimal, after the complete stream has passed. Returns `undefined` for bytes in
   * memory: the code that needs their digest computes it.
   */
  readonly sha256: () => string | undefined;
}

/**
 * Reads a body a single time for several readers, and computes its digest at the same time. Bytes that the fastest reader has read stay in
 * memory for the slowest reader. When `windowBytes` bytes are in memory (8 MiB by default), the fastest reader waits too.
 *
 * A body that is already in memory is shared unchanged. If the source can be read again, a reader may open its share a second time, or open
 * only a range. The reader then reads directly from the source.
 */
export function teeBody(source: Body, count: number, options: TeeOptions = {}): Tee {
  const { bytes } = source;
  if (bytes !== undefined) {
    const share: Share = {
      body: source,
      mayBeWhole: () => true,
      size: () => bytes.byteLength,
      leave: () => {},
    };
    return {
      shares: Array.from({ length: count }, () => share),
      sha256: () => undefined,
    };
  }
  const flow = new Flow(source, options.need ?? count, options);
  return { shares: Array.from({ length: count }, () => flow.share()), sha256: () => flow.sha256 };
}

/** A single reading of a source, shared by all readers. */
class Flow {
  readonly #source: Body;
  readonly #need: number;
  readonly #tooSlow: (() => Error) | undefined;
  readonly #windowBytes: number;
  readonly #hash: Hash = createHash("sha256");
  readonly #branches = new Set<Branch>();
  #stream: Readable | undefined;
  #lagTimer: NodeJS.Timeout | undefined;
  #finished = 0;
  #bytes = 0;
  sha256: string | undefined;

  constructor(source: Body, need: number, { tooSlow, windowBytes = WINDOW_BYTES }: TeeOptions) {
    this.#source = source;
    this.#need = need;
    this.#tooSlow = tooSlow;
    this.#windowBytes = windowBytes;
  }

  share(): Share {
    const branch = new Branch(this);
    this.#branches.add(branch);
    let opened = 0;
    const { size, replayable, open } = this.#source;
    return {
      body: {
        size,
        get replayable() {
          return replayable;
        },
        open: (range) => {
          if (range !== undefined) opened++;
          if (opened++ > 0) return open(range);
          this.#start();
          return branch;
        },
      },
      mayBeWhole: () => opened > 1 || branch.isGiven,
      size: () => size ?? (this.sha256 === undefined ? undefined : this.#bytes),
      leave: () => {
        if (!branch.readableEnded) branch.destroy();
      },
    };
  }

  /** Resumes the source when every reader has space for more bytes. */
  advance(): void {
    if (this.#isFull()) return;
    clock.clearTimeout(this.#lagTimer);
    this.#lagTimer = undefined;
    this.#stream?.resume();
  }

  left(branch: Branch, isDone: boolean): void {
    if (!this.#branches.delete(branch)) return;
    if (isDone) this.#finished++;
    if (this.#branches.size > 0) this.advance();
    else {
      clock.clearTimeout(this.#lagTimer);
      if (this.sha256 === undefined) this.#stream?.destroy();
    }
  }

  #start(): void {
    if (this.#stream !== undefined) return;
    const stream = this.#source.open();
    this.#stream = stream;
    stream.on("data", (chunk: Uint8Array) => this.#take(chunk));
    stream.once("error", (error) => this.#each((branch) => branch.destroy(error)));
    stream.once("end", () => {
      this.sha256 = this.#hash.digest("hex");
      this.#each((branch) => branch.finish());
    });
  }

  #take(chunk: Uint8Array): void {
    this.#hash.update(chunk);
    this.#bytes += chunk.byteLength;
    this.#each((branch) => branch.offer(chunk));
    if (!this.#isFull()) return;
    this.#stream?.pause();
    if (this.#tooSlow !== undefined) this.#lagTimer ??= clock.setTimeout(() => this.#letGo(), LAG_MS);
  }

  #each(act: (branch: Branch) => void): void {
    for (const branch of Array.from(this.#branches)) act(branch);
  }

  #isFull(): boolean {
    return [...this.#branches].some((branch) => branch.waitingBytes >= this.#windowBytes);
  }

  /** Drops readers that have kept the others waiting for `LAG_MS`, as long as enough readers remain. */
  #letGo(): void {
    this.#lagTimer = undefined;
    for (const branch of Array.from(this.#branches)) {
      const mayGo = this.#branches.size + this.#finished > this.#need;
      if (mayGo && branch.waitingBytes >= this.#windowBytes) branch.destroy(this.#tooSlow?.());
    }
  }
}

/** The bytes that one reader has not read yet. */
class Branch extends Readable {
  readonly #flow: Flow;
  #waiting: (Uint8Array | null)[] = [];
  #wanted = false;
  waitingBytes = 0;
  /** True after the reader has received the complete body. */
  isGiven = false;

  constructor(flow: Flow) {
    super({ highWaterMark: 1 });
    this.#flow = flow;
    this.on("error", () => {});
  }

  offer(chunk: Uint8Array): void {
    this.#waiting.push(chunk);
    this.waitingBytes += chunk.byteLength;
    this.#give();
  }

  finish(): void {
    this.#waiting.push(null);
    this.#give();
  }

  override _read(): void {
    this.#wanted = true;
    this.#give();
  }

  #give(): void {
    while (this.#wanted && this.#waiting.length > 0) {
      const chunk = this.#waiting.shift() as Uint8Array | null;
      this.waitingBytes -= chunk?.byteLength ?? 0;
      this.#wanted = this.push(chunk);
      if (chunk !== null) continue;
      this.isGiven = true;
      this.#flow.left(this, true);
    }
    this.#flow.advance();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#waiting = [];
    this.waitingBytes = 0;
    this.#flow.left(this, false);
    callback(error);
  }
}

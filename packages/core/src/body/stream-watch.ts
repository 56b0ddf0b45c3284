import { clock } from "../kit/clock.js";
import { TIMER_MS_MAX } from "../kit/abort.js";
import { describeType } from "../contract/key.js";
import { viewedBytes } from "./kinds.js";

/** What a stream insists on while bytes pass through it. */
export interface StreamRules {
  /** The exact length, in bytes. */
  readonly size?: number | undefined;
  /** A limit on the length, where the length is not known. */
  readonly most?: { readonly bytes: number; readonly error: () => unknown } | undefined;
  /** The error for a source that fails, ends early or goes on too long. */
  readonly toError: (reason: string, cause?: unknown) => unknown;
  /** How long a reader waits for the next bytes, in milliseconds; absent or 0 for ever. */
  readonly idleMs?: number | undefined;
}

/** Chunks wait in memory up to this many bytes, whatever the length of the source. */
export const BUFFERED_BYTES: number = 256 * 1024;

/** Whoever reads a stream hears of its error. When nobody does it must not end the process. */
export function ignore(): void {}

/** Tells whether somebody listens for the bytes of a stream. */
export function isListenedTo(stream: Pick<NodeJS.EventEmitter, "listenerCount">): boolean {
  return stream.listenerCount("data") + stream.listenerCount("readable") > 0;
}

/** Counts what passes against the promised size, refuses what is not bytes, and notices silence. */
export class Watch {
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
    const { size, most, toError } = this.#rules;
    const bytes = toBytes(chunk, encoding);
    if (bytes === undefined) throw toError(`gave ${describeChunk(chunk)} where bytes were expected`);
    if (bytes.byteLength > 0) this.rest();
    this.#seen += bytes.byteLength;
    if (size !== undefined && this.#seen > size) {
      throw toError(`is longer than its declared size of ${size} bytes`);
    }
    if (most !== undefined && this.#seen > most.bytes) throw most.error();
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
    this.#timer = clock.setTimeout(
      () => this.#fail(this.#rules.toError(`gave no bytes for ${idleMs} ms`)),
      Math.min(idleMs, TIMER_MS_MAX),
    );
  }

  rest(): void {
    clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

function toBytes(chunk: unknown, encoding: BufferEncoding | null): Uint8Array | undefined {
  return typeof chunk === "string" ? textBytes(chunk, encoding) : viewedBytes(chunk);
}

/** The bytes that a stream turned into text, or text as UTF-8; half a character is none. */
function textBytes(text: string, encoding: BufferEncoding | null): Uint8Array | undefined {
  if (encoding !== null) return Buffer.from(text, encoding);
  return text.isWellFormed() ? Buffer.from(text) : undefined;
}

function describeChunk(chunk: unknown): string {
  return typeof chunk === "string" ? "text that is not well-formed" : describeType(chunk);
}

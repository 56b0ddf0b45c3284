import { clock } from "../kit/clock.js";
import { TIMER_MS_MAX } from "../kit/abort.js";
import { describeType } from "../contract/key.js";
import { viewedBytes } from "./kinds.js";

/** The rules that a stream checks while bytes pass through it. */
export interface StreamRules {
  /** The exact length, in bytes. */
  readonly size?: number | undefined;
  /** A limit on the length, for a body whose length is not known. */
  readonly most?: { readonly bytes: number; readonly error: () => unknown } | undefined;
  /** Makes the error for a source that fails, ends early or is too long. */
  readonly toError: (reason: string, cause?: unknown) => unknown;
  /**
   * The longest time that a reader waits for the next bytes, in milliseconds. Without this field, or with 0, the reader waits for
   * ever.
   */
  readonly idleMs?: number | undefined;
}

/** The maximum number of bytes that wait in memory, however long the source is. */
export const BUFFERED_BYTES: number = 256 * 1024;

/**
 * Ignores the error of a stream. The reader of the stream receives the same error. Without this listener, the error of a stream
 * without a reader would end the process.
 */
export function ignore(): void {}

/** Tells whether a stream has a listener for its bytes. */
export function isListenedTo(stream: Pick<NodeJS.EventEmitter, "listenerCount">): boolean {
  return stream.listenerCount("data") + stream.listenerCount("readable") > 0;
}

/**
 * A checker of the bytes that pass through a stream. The checker compares the number of bytes with the promised size, refuses
 * chunks that are not bytes, and notices when no bytes arrive for too long.
 */
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

  /** The number of bytes that have passed. */
  get seen(): number {
    return this.#seen;
  }

  get isWhole(): boolean {
    const { size } = this.#rules;
    return size === undefined || this.#seen === size;
  }

  /**
   * Limits how long the reader waits, in milliseconds. If the rules have a shorter limit, that limit stays in force.
   */
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
    if (!this.isWhole) throw toError(`ended after ${this.#seen} bytes, but its declared size is ${size}`);
  }

  /** Starts the time limit, because the reader now waits. */
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

/**
 * Returns the bytes of a chunk of text. If a stream decoded the text from bytes, returns those bytes; otherwise returns the text
 * in UTF-8. Returns `undefined` if the text contains half a character.
 */
function textBytes(text: string, encoding: BufferEncoding | null): Uint8Array | undefined {
  if (encoding !== null) return Buffer.from(text, encoding);
  return text.isWellFormed() ? Buffer.from(text) : undefined;
}

function describeChunk(chunk: unknown): string {
  return typeof chunk === "string" ? "text that is not well-formed" : describeType(chunk);
}

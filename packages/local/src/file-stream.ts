import type { ReadsInto } from "@stowage/core/provider";
import { Readable } from "node:stream";
import { failure, toLocalError, type FailureContext } from "./errors.js";
import { close, readFully } from "./system.js";

/**
 * The size, in bytes, of the blocks in which files are read. With this size, reading is 2.5 times as fast as with
 * Node's 64 KiB.
 */
const BLOCK_BYTES = 512 * 1024;

/** A stream of one part of an open file. When the stream ends, fails or is destroyed, it closes the file. */
export class FileStream extends Readable implements ReadsInto {
  readonly #fd: number;
  readonly #context: FailureContext;
  #position: number;
  #left: number;
  #reading: Promise<void> | undefined;

  constructor(fd: number, { offset, length }: { offset: number; length: number }, context: FailureContext) {
    super({ highWaterMark: BLOCK_BYTES });
    this.#fd = fd;
    this.#context = context;
    this.#position = offset;
    this.#left = length;
  }

  /** `false` when the stream has begun to read the file in chunks, or is destroyed. */
  get canReadInto(): boolean {
    return this.#reading === undefined && !this.destroyed;
  }

  async readInto(target: Uint8Array): Promise<number> {
    const reading = this.#fill(target.subarray(0, this.#left));
    this.#reading = reading.then(ignore, ignore);
    const count = await reading;
    this.#reading = undefined;
    return count;
  }

  override _read(): void {
    this.#reading = this.#readBlock();
  }

  async #readBlock(): Promise<void> {
    const block = Buffer.allocUnsafeSlow(Math.min(BLOCK_BYTES, this.#left));
    try {
      const count = await this.#fill(block);
      if (!this.destroyed) this.push(count === 0 ? null : block);
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  /**
   * Reads the next bytes of the file.
   *
   * @returns The number of bytes that were read, which is always the number that was requested.
   */
  async #fill(target: Uint8Array): Promise<number> {
    const wanted = target.byteLength;
    try {
      const count = wanted === 0 ? 0 : await readFully(this.#fd, target, 0, wanted, this.#position);
      if (count < wanted)
        throw failure("Integrity", "the file became shorter while it was read", this.#context);
      this.#position += count;
      this.#left -= count;
      return count;
    } catch (error) {
      throw toLocalError(error, this.#context);
    }
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    const finish = (): void => {
      close(this.#fd).then(
        () => callback(error),
        (failed: Error) => callback(error ?? failed),
      );
    };
    // The descriptor must not be closed during a read: the system could give its number to a different file.
    if (this.#reading === undefined) finish();
    else this.#reading.then(finish, finish);
  }
}

function ignore(): void {}

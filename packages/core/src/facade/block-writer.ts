import type { FileHandle } from "node:fs/promises";

/** The file of a download, and a function that makes the error for a failed write. */
export interface TargetFile {
  readonly file: FileHandle;
  readonly toError: (cause: unknown) => Error;
}

/**
 * The number of bytes in one write. Each write occupies a thread, so a few large writes are better than many small
 * writes.
 */
const WRITE_BYTES = 1024 * 1024;

/** A writer for consecutive chunks, from a given position in a file. The writer combines many chunks into one write. */
export class BlockWriter {
  readonly #target: TargetFile;
  readonly #onTaken: (bytes: number) => void;
  #chunks: Uint8Array[] = [];
  #waiting = 0;
  #written: number;

  constructor(target: TargetFile, position: number, onTaken: (bytes: number) => void) {
    this.#target = target;
    this.#written = position;
    this.#onTaken = onTaken;
  }

  /** The position in the file where the next chunk belongs. */
  get position(): number {
    return this.#written + this.#waiting;
  }

  /** Adds the next chunk. @returns A promise if the caller must wait for a write. */
  add(chunk: Uint8Array): Promise<void> | undefined {
    this.#chunks.push(chunk);
    this.#waiting += chunk.byteLength;
    this.#onTaken(chunk.byteLength);
    return this.#waiting < WRITE_BYTES ? undefined : this.flush();
  }

  async flush(): Promise<void> {
    const chunks = this.#chunks;
    const bytes = this.#waiting;
    if (bytes === 0) return;
    this.#chunks = [];
    this.#waiting = 0;
    try {
      await writeAll(this.#target.file, chunks, bytes, this.#written);
    } catch (error) {
      throw this.#target.toError(error);
    }
    this.#written += bytes;
  }
}

async function writeAll(
  file: FileHandle,
  chunks: readonly Uint8Array[],
  bytes: number,
  position: number,
): Promise<void> {
  let { bytesWritten: done } = await file.writev(chunks, position);
  if (done === bytes) return;
  const rest = Buffer.concat(chunks);
  while (done < bytes) done += (await file.write(rest, done, bytes - done, position + done)).bytesWritten;
}

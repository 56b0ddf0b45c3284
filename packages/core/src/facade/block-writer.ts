import type { FileHandle } from "node:fs/promises";

/** The file of a download, and a function that makes the error for a failed write. */
export interface TargetFile {
  readonly file: FileHandle;
  readonly toError: (cause: unknown) => Error;
}

/** The number of bytes that are written at once. Larger writes are fewer, and each write occupies a thread. */
const WRITE_BYTES = 1024 * 1024;

/** A writer of chunks that follow each other at one place of a file. It writes many chunks by one call. */
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

  /** The place in the file where the next chunk belongs. */
  get position(): number {
    return this.#written + this.#waiting;
  }

  /** Takes the next chunk. @returns A promise when the caller has to wait for a write. */
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

import { clock } from "@stowage/core/provider";
import fs, { type BigIntStats, type Dirent } from "node:fs";
import { codeOf } from "./errno.js";

export { codeOf };

/** The number of calls that Node works on at the same time. @see https://nodejs.org/api/cli.html#uv_threadpool_sizesize */
const THREADS = Number(process.env["UV_THREADPOOL_SIZE"]) || 4;

let underWay = 0;
let waiting: (() => void)[] = [];

/**
 * Starts a system call. If all threads are busy, the call is passed to Node later, together with the other calls of
 * this turn of the event loop. Waking a thread takes longer than most calls.
 */
function submit(start: () => void): void {
  if (++underWay <= THREADS) start();
  else if (waiting.push(start) === 1) clock.setImmediate(startWaiting);
}

function startWaiting(): void {
  const starts = waiting;
  waiting = [];
  for (const start of starts) start();
}

type Done<T> = (error: Error | null | undefined, result: T) => void;

/** Returns a promise for a system call that takes a callback. This is 1.1 times as fast as `node:fs/promises` for small files. */
function call<T = void>(start: (done: Done<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const done: Done<T> = (error, result) => {
      underWay--;
      if (error) reject(error);
      else resolve(result);
    };
    submit(() => {
      try {
        start(done);
      } catch (error) {
        // `start` has thrown, because Node has refused an argument.
        done(error as Error, undefined as T);
      }
    });
  });
}

export function open(path: string, flags: number, mode?: number): Promise<number> {
  return call((done) => fs.open(path, flags, mode, done));
}

/** Opens a file for reading without waiting. The file was just made on a disk of this machine, so it is in memory. */
export function openNow(path: string): number {
  return fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW);
}

/** Copies a file to a place where there is none. If the file system can clone files, no byte is copied. */
export function copyFile(from: string, to: string): Promise<void> {
  const { COPYFILE_EXCL, COPYFILE_FICLONE } = fs.constants;
  return call((done: Done<void>) => fs.copyFile(from, to, COPYFILE_EXCL | COPYFILE_FICLONE, done));
}

export function close(fd: number): Promise<void> {
  return call((done: Done<void>) => fs.close(fd, done));
}

/**
 * The size, in bytes, up to which a file is closed directly. Closing a larger file may take longer than passing the call to a
 * thread.
 */
const QUICKLY_CLOSED_BYTES = 128 * 1024;

/**
 * Closes a file on a local disk at a point where closing can no longer fail. Closes a small file immediately. Does not
 * wait for the closing of a large file. Closing takes long if the file was deleted in the meantime, because the disk
 * then frees the file's blocks.
 */
export function closeQuietly(fd: number, sizeBytes: number): void {
  if (sizeBytes > QUICKLY_CLOSED_BYTES) return closeLater(fd);
  try {
    fs.closeSync(fd);
  } catch {
    // No caller waits for this call, so the failure is ignored.
  }
}

/** Closes a file without waiting for it. */
function closeLater(fd: number): void {
  close(fd).catch(() => {});
}

/** Closes a file that was only read. Ignores failures, because they do not matter for such a file. */
export function closeRead(fd: number, sizeBytes: number, isLocal: boolean): void {
  if (isLocal) closeQuietly(fd, sizeBytes);
  else closeLater(fd);
}

export function fstat(fd: number): Promise<BigIntStats> {
  return call((done) => fs.fstat(fd, { bigint: true }, done));
}

export function lstat(path: string): Promise<BigIntStats> {
  return call((done) => fs.lstat(path, { bigint: true }, done));
}

/**
 * Returns the facts of a file without waiting, or `undefined` if there is no such file. The file is on a local disk and its
 * folder was just used, so its facts are in memory.
 */
export function lookNow(path: string): BigIntStats | undefined {
  try {
    return fs.lstatSync(path, { bigint: true, throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

export function fsync(fd: number): Promise<void> {
  return call((done: Done<void>) => fs.fsync(fd, done));
}

export function fchmod(fd: number, mode: number): Promise<void> {
  return call((done: Done<void>) => fs.fchmod(fd, mode, done));
}

export function chmod(path: string, mode: number): Promise<void> {
  return call((done: Done<void>) => fs.chmod(path, mode, done));
}

/**
 * Tells whether a mode gives permissions to users other than the owner. The `umask` may remove such permissions when
 * the file is made, so `fchmod` has to set them.
 */
export function isShared(mode: number): boolean {
  return (mode & 0o077) !== 0;
}

/** Makes a file empty. */
export function ftruncate(fd: number): Promise<void> {
  return call((done: Done<void>) => fs.ftruncate(fd, 0, done));
}

export function rename(from: string, to: string): Promise<void> {
  return call((done: Done<void>) => fs.rename(from, to, done));
}

export function link(from: string, to: string): Promise<void> {
  return call((done: Done<void>) => fs.link(from, to, done));
}

export function unlink(path: string): Promise<void> {
  return call((done: Done<void>) => fs.unlink(path, done));
}

export function mkdir(path: string, mode: number): Promise<void> {
  return call((done: Done<void>) => fs.mkdir(path, { mode }, done));
}

export function rmdir(path: string): Promise<void> {
  return call((done: Done<void>) => fs.rmdir(path, done));
}

export function readdir(path: string): Promise<Dirent[]> {
  return call((done) => fs.readdir(path, { withFileTypes: true }, done));
}

/** Reads until `length` bytes have been read or the file ends. */
export async function readFully(
  fd: number,
  buffer: Uint8Array,
  offset: number,
  length: number,
  position: number,
): Promise<number> {
  let done = 0;
  while (done < length) {
    const count = await readOnce(fd, buffer, offset + done, length - done, position + done);
    if (count === 0) break;
    done += count;
  }
  return done;
}

/** Reads up to `length` bytes with a single call. The system may return fewer. */
export function readOnce(
  fd: number,
  buffer: Uint8Array,
  offset: number,
  length: number,
  position: number,
): Promise<number> {
  return call((done) => fs.read(fd, buffer, offset, length, position, done));
}

/** Writes `length` bytes, with several calls if needed, because a single call may write fewer bytes. */
export async function writeFully(
  fd: number,
  bytes: Uint8Array,
  length: number,
  position: number,
): Promise<void> {
  for (let done = 0; done < length;) done += await writeOnce(fd, bytes, done, length - done, position + done);
}

/** Writes up to `length` bytes with a single call. The system may write fewer. */
export function writeOnce(
  fd: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
  position: number,
): Promise<number> {
  return call((done) => fs.write(fd, bytes, offset, length, position, done));
}

/** Returns the facts of an open file. Returns a promise only if the facts are not in memory. */
export function factsOf(fd: number, isLocal: boolean): BigIntStats | Promise<BigIntStats> {
  return isLocal ? fs.fstatSync(fd, { bigint: true }) : fstat(fd);
}

/** Waits for a system call. Ignores a failure that has one of these codes. */
export async function tolerate(work: Promise<unknown>, ...codes: readonly string[]): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!codes.includes(codeOf(error) ?? "")) throw error;
  }
}

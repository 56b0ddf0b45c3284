import { randomUUID } from "node:crypto";
import { open, rename, rm, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { consume } from "./abort.js";
import { StorageError, isStorageError } from "./errors.js";
import { guardResult } from "./guard.js";
import type { GetResult, ObjectInfo, StorageProvider } from "./provider.js";
import type { DownloadOptions } from "./storage.js";

/** How often in a row a transfer may be cut before a single further byte has come. */
const CUTS_MAX = 3;

/** Writes an object to a file that appears whole; an interrupted transfer goes on where it was cut. */
export async function downloadObject(
  provider: StorageProvider,
  key: string,
  path: string,
  options: DownloadOptions,
): Promise<ObjectInfo> {
  const temporary = `${path}.${randomUUID()}.part`;
  const file = await open(temporary, "wx").catch((error: unknown) => {
    throw localError(provider, key, `the folder ${dirname(path)} cannot be written to`, error);
  });
  try {
    const info = await fillAndClose(provider, key, file, options);
    await rename(temporary, path).catch((error: unknown) => {
      throw localError(provider, key, `${path} cannot be replaced`, error);
    });
    return info;
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function fillAndClose(
  provider: StorageProvider,
  key: string,
  file: FileHandle,
  options: DownloadOptions,
): Promise<ObjectInfo> {
  try {
    return await fill(provider, key, file, options);
  } finally {
    await file.close();
  }
}

async function fill(
  provider: StorageProvider,
  key: string,
  file: FileHandle,
  options: DownloadOptions,
): Promise<ObjectInfo> {
  let info: ObjectInfo | undefined;
  let loaded = 0;
  for (let cuts = 0; ; cuts++) {
    const before = loaded;
    const result = await openAt(provider, key, loaded, info, options);
    info = result.info;
    try {
      if (loaded > 0 && result.range === undefined) {
        await file.truncate(0);
        loaded = 0;
      }
      await write(result, options.signal, async (chunk) => {
        await writeAll(provider, key, file, chunk, loaded);
        loaded += chunk.byteLength;
        options.onProgress?.({ loaded, total: result.info.size });
      });
      await file.sync();
      return info;
    } catch (error) {
      if (loaded > before) cuts = 0;
      if (!isStorageError(error) || !error.retryable || cuts >= CUTS_MAX) throw error;
    }
  }
}

/** Opens the rest of the object, or all of it when it is another one by now. */
async function openAt(
  provider: StorageProvider,
  key: string,
  offset: number,
  info: ObjectInfo | undefined,
  { signal, ifMatch }: DownloadOptions,
): Promise<GetResult> {
  if (info?.etag === undefined || offset === 0 || offset >= info.size || !provider.supports.range) {
    return guardResult(await provider.get(key, { signal, ifMatch }), provider);
  }
  try {
    return guardResult(await provider.get(key, { signal, ifMatch: info.etag, range: { offset } }), provider);
  } catch (error) {
    if (ifMatch !== undefined || !isStorageError(error, "PreconditionFailed")) throw error;
    return guardResult(await provider.get(key, { signal }), provider);
  }
}

async function write(
  { body }: GetResult,
  signal: AbortSignal | undefined,
  take: (chunk: Uint8Array) => Promise<void>,
): Promise<void> {
  if (body instanceof Uint8Array) await take(body);
  else await consume(body, signal, take);
}

async function writeAll(
  provider: StorageProvider,
  key: string,
  file: FileHandle,
  chunk: Uint8Array,
  position: number,
): Promise<void> {
  try {
    for (let done = 0; done < chunk.byteLength;) {
      const { bytesWritten } = await file.write(chunk, done, chunk.byteLength - done, position + done);
      done += bytesWritten;
    }
  } catch (error) {
    throw localError(provider, key, "the file cannot be written", error);
  }
}

function localError(provider: StorageProvider, key: string, reason: string, cause: unknown): StorageError {
  const full = (cause as { code?: string }).code === "ENOSPC";
  return new StorageError(full ? "OutOfSpace" : "InvalidArgument", reason, {
    operation: "download",
    provider: provider.name,
    key,
    cause,
  });
}

import { randomUUID } from "node:crypto";
import { open, rename, rm, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { StorageError } from "../contract/errors.js";
import { fillFile, type SeenDownload } from "./download-blocks.js";
import type { StorageProvider } from "../contract/provider.js";
import type { ObjectInfo } from "../contract/object.js";

/**
 * Writes an object to a file that appears whole. Of a large one several parts are read at once; an interrupted
 * transfer goes on where it was cut.
 */
export async function downloadObject(
  provider: StorageProvider,
  key: string,
  path: string,
  options: SeenDownload,
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
  options: SeenDownload,
): Promise<ObjectInfo> {
  try {
    const toError = (cause: unknown): StorageError =>
      localError(provider, key, "the file cannot be written", cause);
    const info = await fillFile(provider, key, { file, toError }, options);
    await file.sync();
    return info;
  } finally {
    await file.close();
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

import { rename, rm, type FileHandle } from "node:fs/promises";
import { StorageError } from "../contract/errors.js";
import { fillFile, type SeenDownload } from "./download-blocks.js";
import { codeOfDisk, openBeside, type ToError } from "./download-target.js";
import type { StorageProvider } from "../contract/provider.js";
import type { ObjectInfo } from "../contract/object.js";

/**
 * Writes an object to a file. The file appears only when it is complete, with the permissions of the file that it replaces. If
 * the path is a symbolic link, the link stays, and the bytes are written to the target of the link. Several parts of a large
 * object are read at the same time. An interrupted transfer continues where it stopped.
 */
export async function downloadObject(
  provider: StorageProvider,
  key: string,
  path: string,
  options: SeenDownload,
): Promise<ObjectInfo> {
  const toError: ToError = (reason, cause) => localError(provider, key, reason, cause);
  const { target, temporary, file } = await openBeside(path, toError);
  try {
    const info = await fillAndClose(provider, key, file, options);
    await rename(temporary, target).catch((error: unknown) => {
      throw localError(provider, key, `${path} cannot be replaced`, error);
    });
    return info;
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
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
    await file.sync().catch((cause: unknown) => {
      throw toError(cause);
    });
    return info;
  } finally {
    await file.close();
  }
}

function localError(provider: StorageProvider, key: string, reason: string, cause: unknown): StorageError {
  return new StorageError(codeOfDisk(cause) ?? "InvalidArgument", reason, {
    operation: "download",
    provider: provider.name,
    key,
    cause,
  });
}

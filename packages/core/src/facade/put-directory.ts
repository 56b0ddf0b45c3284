import { readFile, readdir } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { StorageError, isStorageError, toStorageError, type Attempt } from "../contract/errors.js";
import { fromFile } from "../body/file-body.js";
import { extensionOf } from "../contract/content-type.js";
import { compareKeys, keyProblem } from "../contract/key.js";
import type { ObjectInfo } from "../contract/object.js";
import type { FileStorage } from "./storage.js";
import type { PutDirectoryOptions, PutManyResult } from "./storage-options.js";
import { aFunction } from "../kit/options.js";
import { checkNames } from "./option-names.js";

const PLAYLISTS: ReadonlySet<string> = new Set(["m3u8", "mpd"]);

/**
 * Puts every file of a folder under a prefix. Playlists are put after the segments that they refer to, and a master playlist is
 * put after its playlists. A player therefore never finds a reference to a missing object. Symbolic links are skipped.
 *
 * @throws StorageError `PartialWrite` with one attempt for each file that failed. The files of later stages were not put.
 */
export async function putDirectory(
  storage: FileStorage,
  directory: string,
  prefix: string,
  options: PutDirectoryOptions,
): Promise<readonly ObjectInfo[]> {
  checkNames("putDirectory", options);
  const { optionsFor, ...many } = options;
  if (optionsFor !== undefined) aFunction("putDirectory", "optionsFor", optionsFor);
  const problem = prefix === "" ? undefined : keyProblem(prefix.replace(/\/$/, ""));
  if (problem !== undefined || (prefix !== "" && !prefix.endsWith("/"))) {
    throw failed(storage, prefix, "InvalidArgument", problem ?? 'the prefix does not end with "/"');
  }
  const stages = await stagesOf(storage, directory);
  // The options of all files are checked before the first file is put.
  const all = stages.map((files) =>
    files.map((file) => {
      const key = prefix + file.split(sep).join("/");
      const put = optionsFor?.(key) ?? {};
      checkNames("put", put);
      return { ...put, key, body: fromFile(join(directory, file)) };
    }),
  );
  const infos: ObjectInfo[] = [];
  for (const items of all) {
    const results = await storage.putMany(items, many);
    assertAll(storage, prefix, results);
    infos.push(...results.flatMap(({ info }) => (info === undefined ? [] : [info])));
  }
  return infos;
}

async function stagesOf(storage: FileStorage, directory: string): Promise<readonly string[][]> {
  try {
    return await inStages(directory, await filesUnder(directory));
  } catch (error) {
    throw failed(storage, directory, "SourceError", "the folder cannot be read", error);
  }
}

async function filesUnder(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .sort(compareKeys);
}

/** Sorts files into stages: first all files that are not playlists, then playlists of segments, then playlists of playlists. */
async function inStages(directory: string, files: readonly string[]): Promise<readonly string[][]> {
  const stages: string[][] = [[], [], []];
  for (const file of files) stages[await stageOf(directory, file)]?.push(file);
  return stages.filter((stage) => stage.length > 0);
}

/**
 * Returns the stage of a file. @see https://www.rfc-editor.org/rfc/rfc8216#section-4.3.4.2 for the definition of a master
 * playlist
 */
async function stageOf(directory: string, file: string): Promise<0 | 1 | 2> {
  if (!PLAYLISTS.has(extensionOf(file) ?? "")) return 0;
  const text = await readFile(join(directory, file), "utf8");
  return text.includes("#EXT-X-STREAM-INF") ? 2 : 1;
}

function assertAll(storage: FileStorage, prefix: string, results: readonly PutManyResult[]): void {
  const provider = storage.provider.name;
  const attempts = results.flatMap((result): Attempt[] => {
    if (result.error === undefined) return [];
    const error = toStorageError(result.error, { operation: "put", provider, key: result.key });
    return [{ provider: error.provider ?? provider, error, milliseconds: 0 }];
  });
  const [first] = attempts;
  if (first === undefined) return;
  const reason = `${attempts.length} of ${results.length} files failed; the first error: ${first.error.message}`;
  throw new StorageError("PartialWrite", reason, {
    operation: "putDirectory",
    provider,
    key: prefix,
    attempts,
    cause: first.error,
  });
}

function failed(
  storage: FileStorage,
  key: string,
  code: "InvalidArgument" | "SourceError",
  reason: string,
  cause?: unknown,
): StorageError {
  if (isStorageError(cause)) return cause;
  return new StorageError(code, reason, {
    operation: "putDirectory",
    provider: storage.provider.name,
    key,
    cause,
  });
}

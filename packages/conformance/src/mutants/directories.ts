import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fromFile, createStorage, type FileStorage } from "@stowage/core";
import { storageMutant, type Mutant } from "../mutant.js";
import { facade, invented, recovering } from "./breaks.js";

/** Makes a mutant with a facade that has a changed `putDirectory`. */
function putsDirectory(
  rule: string,
  name: string,
  change: (storage: FileStorage) => FileStorage["putDirectory"],
): Mutant {
  return storageMutant(
    rule,
    name,
    facade((storage) => ({ putDirectory: change(storage) })),
  );
}

/** Makes a mutant with a facade that has a changed `download`. */
function downloads(
  rule: string,
  name: string,
  change: (storage: FileStorage) => FileStorage["download"],
): Mutant {
  return storageMutant(
    rule,
    name,
    facade((storage) => ({ download: change(storage) })),
  );
}

export const directoryMutants: readonly Mutant[] = [
  putsDirectory(
    "putDirectory puts every file under the prefix, with its content type",
    "treats every file as text",
    (storage) => (directory, prefix, options) =>
      storage.putDirectory(directory, prefix, {
        ...options,
        optionsFor: () => ({ contentType: "text/plain" }),
      }),
  ),
  putsDirectory(
    "putDirectory puts segments before playlists, and the master playlist last",
    "puts the master playlist first",
    (storage) => async (directory, prefix, options) => {
      await storage.put(`${prefix}a-master.m3u8`, fromFile(join(directory, "a-master.m3u8"))).catch(() => {});
      return await storage.putDirectory(directory, prefix, options);
    },
  ),
  putsDirectory(
    "putDirectory skips symbolic links",
    "follows symbolic links",
    (storage) => async (directory, prefix, options) => {
      await storage.put(`${prefix}link.txt`, fromFile(join(directory, "link.txt"))).catch(() => {});
      return await storage.putDirectory(directory, prefix, options);
    },
  ),
  putsDirectory(
    "putDirectory of a missing folder rejects with SourceError",
    "treats a missing folder as an empty folder",
    (storage) => (directory, prefix, options) =>
      recovering(
        () => storage.putDirectory(directory, prefix, options),
        (error) => {
          if (error.code !== "SourceError") throw error;
          return [];
        },
      ),
  ),
  putsDirectory(
    "putDirectory does not put a playlist if a segment failed",
    "puts the playlists in spite of a failed segment",
    (storage) => (directory, prefix, options) =>
      recovering(
        () => storage.putDirectory(directory, prefix, options),
        async (error) => {
          await storage.put(`${prefix}a-master.m3u8`, fromFile(join(directory, "a-master.m3u8")));
          throw error;
        },
      ),
  ),
  downloads(
    "download writes the object to a file",
    "truncates the downloaded file",
    (storage) => async (key, path, options) => {
      const info = await storage.download(key, path, options);
      await writeFile(path, (await readFile(path)).subarray(0, -1));
      return info;
    },
  ),
  downloads(
    "download of a missing key rejects with NotFound and creates no file",
    "leaves an empty file for a missing key",
    (storage) => (key, path, options) =>
      recovering(
        () => storage.download(key, path, options),
        async (error) => {
          if (error.code === "NotFound") await writeFile(path, "");
          throw error;
        },
      ),
  ),
  downloads(
    "a failed download leaves the old file unchanged, and leaves no other file behind",
    "writes over the old file",
    (storage) => (key, path, options) =>
      recovering(
        () => storage.download(key, path, options),
        async (error) => {
          if (error.code === "Integrity") await writeFile(path, "half of it");
          throw error;
        },
      ),
  ),
  storageMutant(
    "an interrupted download continues with a range from the byte where it stopped",
    "starts an interrupted download from the beginning",
    facade((storage, provider) => ({
      download: async (key, path, options) => {
        const supports = { ...provider.supports, range: false };
        const whole = createStorage({ ...provider, supports }, { retry: false, timeouts: false });
        return await (provider.supports.range ? whole : storage).download(key, path, options);
      },
    })),
  ),
  storageMutant(
    "download into a missing folder rejects with InvalidArgument",
    "makes the missing folder",
    facade((storage, provider) => ({
      download: (key, path, options) =>
        recovering(
          () => storage.download(key, path, options),
          async (error) => {
            if (error.code !== "InvalidArgument" || error.cause === undefined) throw error;
            await mkdir(dirname(path));
            return invented(provider, key);
          },
        ),
    })),
  ),
];

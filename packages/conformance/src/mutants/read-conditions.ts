import type { FileStorage } from "@stowage/core";
import { storageMutant, type Mutant } from "../mutant.js";
import type { StorageBreak } from "../context.js";
import { facade, invented } from "./breaks.js";

type Options = NonNullable<Parameters<FileStorage["head"]>[1]>;

/** Changes the options of every get and head of the facade. */
function reading(change: (options: Options) => Options): StorageBreak {
  return facade((storage) => ({
    get: async (key, options = {}) => await storage.get(key, change(options)),
    head: async (key, options = {}) => await storage.head(key, change(options)),
  }));
}

export const readConditionMutants: readonly Mutant[] = [
  storageMutant(
    "a read with ifNoneMatch rejects with NotModified if the ETag matches, and otherwise reads the object",
    "ignores ifNoneMatch of reads",
    reading(({ ifNoneMatch: _ifNoneMatch, ...options }) => options),
  ),
  storageMutant(
    "a read with ifModifiedSince rejects with NotModified if the object is not newer; if ifNoneMatch is given too, only the ETag counts",
    "compares only the date if a read has both an ETag and a date",
    reading(({ ifNoneMatch, ifModifiedSince, ...options }) =>
      ifModifiedSince === undefined ? { ...options, ifNoneMatch } : { ...options, ifModifiedSince },
    ),
  ),
  storageMutant(
    "a conditional read of a missing key rejects with NotFound",
    "treats a missing object as an unchanged object",
    facade((storage, provider) => ({
      head: async (key, options) =>
        options?.ifModifiedSince === undefined ? await storage.head(key, options) : invented(provider, key),
    })),
  ),
  storageMutant(
    "a read with an invalid condition rejects with TypeError",
    "ignores invalid conditions",
    reading(({ ifModifiedSince, ...options }) =>
      ifModifiedSince instanceof Date && !Number.isNaN(ifModifiedSince.getTime())
        ? { ...options, ifModifiedSince }
        : options,
    ),
  ),
];

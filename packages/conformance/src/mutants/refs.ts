import { isStorageError, type Located, type StorageProvider } from "@stowage/core";
import { mutant, storageMutant, type Break, type Mutant } from "../mutant.js";
import { facade, infos, invented, verbs } from "./breaks.js";

/** Changes the results of locate. */
function located(
  change: (found: Located | undefined, text: string, inner: StorageProvider) => Located | undefined,
): Break {
  return verbs((inner) => ({ locate: (text) => change(inner.locate(text), text, inner) }));
}

/** Changes the results of ref. */
function refs(change: (ref: string, key: string) => string): Break {
  return verbs((inner) => ({ ref: (key) => change(inner.ref(key), key) }));
}

const knowsOnlyItsOwn: Break = (inner) => {
  const known = new Set<string>();
  const put: StorageProvider["put"] = (key, body, options) => (known.add(key), inner.put(key, body, options));
  const locate: StorageProvider["locate"] = (text) => {
    const found = inner.locate(text);
    return found !== undefined && (known.has(found.key) || !text.endsWith("/missing.txt"))
      ? found
      : undefined;
  };
  return { ...inner, put, locate };
};

export const refMutants: readonly Mutant[] = [
  mutant(
    "a ref begins with a scheme, and has no spaces or control characters",
    "leaves spaces in refs",
    refs((ref) => ref.replaceAll("%20", " ")),
  ),
  mutant(
    "locate returns the key of every ref",
    "locates encoded keys",
    located((found) => found && { ...found, key: found.key.replaceAll(" ", "%20") }),
  ),
  mutant(
    "locate returns the same ref",
    "returns refs in upper case",
    located((found) => found && { ...found, ref: found.ref.toUpperCase() }),
  ),
  mutant(
    "different keys have different refs",
    "does not encode percent signs",
    refs((ref) => ref.replaceAll("%25", "%")),
  ),
  mutant(
    "locate finds the key and the provider in info.ref",
    "put returns the ref of a different place",
    infos((info, verb) =>
      verb === "put" ? { ...info, ref: info.ref.replace("//memory/", "//elsewhere/") } : info,
    ),
  ),
  mutant(
    "info.ref is the ref of the key",
    "head adds a version to the ref",
    infos((info, verb) => (verb === "head" ? { ...info, ref: `${info.ref}?version=1` } : info)),
  ),
  mutant(
    "a query string after a ref is ignored",
    "does not recognise a ref with a query string",
    located((found, text) => (text.includes("?") ? undefined : found)),
  ),
  mutant(
    "locate returns undefined for a text that is not a ref of this provider",
    "finds a key in every text",
    located((found, text, inner) => {
      const path = /^(?:s3|https|nothing):\/\/[^/]+\/(.+)$/.exec(text)?.[1];
      return (
        found ?? (path === undefined ? undefined : { key: path, provider: inner.name, ref: inner.ref(path) })
      );
    }),
  ),
  mutant(
    "locate never throws on garbage",
    "throws for a text that is not a URL",
    located((found, text) => {
      const { href } = new URL(text);
      return href === "" ? undefined : found;
    }),
  ),
  mutant(
    "locate never returns an invalid key",
    "does not check the keys that it finds",
    located((found, text, inner) => {
      const start = inner.ref("");
      if (found !== undefined || !text.startsWith(start) || text === start) return found;
      return { key: decodeURIComponent(text.slice(start.length)), provider: inner.name, ref: text };
    }),
  ),
  mutant(
    "locate finds the key in a ref even if the object does not exist",
    "finds only keys that it has seen before",
    knowsOnlyItsOwn,
  ),
  storageMutant(
    "storage.at reads, writes and deletes the object of a ref",
    "does not delete by ref",
    facade((storage) => ({
      at: (ref) => ({ ...storage.at(ref), delete: async () => ({}) }),
    })),
  ),
  storageMutant(
    "storage.at reads the object of a ref",
    "finds nothing by ref",
    facade((storage) => ({
      at: (ref) => ({ ...storage.at(ref), exists: async () => false }),
    })),
  ),
  storageMutant(
    "storage.at refuses a foreign ref with InvalidArgument",
    "treats a foreign ref as its own ref",
    facade((storage, provider) => ({
      at: (ref) => {
        try {
          return storage.at(ref);
        } catch (error) {
          if (!isStorageError(error)) throw error;
          return storage.at(invented(provider, "foreign").ref);
        }
      },
    })),
  ),
];

import { toBody } from "@stowage/core/provider";
import { type ObjectInfo, type StorageProvider } from "@stowage/core";
import { mutant, type Break, type Mutant } from "../mutant.js";
import { find, infos, inheriting, verbs } from "./breaks.js";

/**
 * Replaces the provider's etags with invented etags in every result. In conditions, replaces the invented etags with the
 * provider's etags.
 */
function etags(show: (info: ObjectInfo, inner: StorageProvider) => Promise<string> | string): Break {
  return (inner) => {
    const { copy } = inner;
    const shown = async (info: ObjectInfo): Promise<ObjectInfo> => ({
      ...info,
      etag: await show(info, inner),
    });
    const real = async <T extends { readonly ifMatch?: string | undefined }>(
      key: string,
      options: T,
    ): Promise<T> => {
      const info = options.ifMatch === undefined ? undefined : await find(inner, key);
      const same = info !== undefined && (await show(info, inner)) === options.ifMatch;
      return same ? { ...options, ifMatch: info.etag } : options;
    };
    return {
      ...inner,
      put: async (key, body, options) => shown(await inner.put(key, body, await real(key, options))),
      head: async (...given) => shown(await inner.head(...given)),
      get: async (key, options) => {
        const result = await inner.get(key, await real(key, options));
        return { ...result, info: await shown(result.info) };
      },
      delete: async (key, options) => inner.delete(key, await real(key, options)),
      list: async (options) => {
        const page = await inner.list(options);
        return { ...page, objects: await Promise.all(page.objects.map(shown)) };
      },
      copy: copy && (async (...given) => shown(await copy(...given))),
    };
  };
}

export const factsMutants: readonly Mutant[] = [
  mutant(
    "the results of put, head, get and list all have an etag",
    "lists without etags",
    infos((info, verb) => (verb === "list" ? { ...info, etag: undefined } : info)),
  ),
  mutant(
    "head and get return the same etag as put",
    "get returns a weak etag",
    infos((info, verb) => (verb === "get" ? { ...info, etag: `W/${info.etag}` } : info)),
  ),
  mutant(
    "reading does not change an etag",
    "changes the etag on each read",
    verbs((inner) => ({
      get: async (key, options) => {
        const result = await inner.get(key, options);
        if (options.range === undefined)
          await inner.put(key, await toBody(result.body as Uint8Array), result.info);
        return result;
      },
    })),
  ),
  mutant(
    "50 puts of the same size in quick succession give 50 different etags",
    "makes etags from the size and the time in whole seconds",
    etags(({ size, lastModified }) => `"${size}-${Math.floor((lastModified?.getTime() ?? 0) / 1000)}"`),
  ),
  mutant(
    "lastModified is the time of the put",
    "forgets the time",
    infos((info) => ({ ...info, lastModified: new Date(0) })),
  ),
  mutant(
    "info.key is the requested key",
    "returns encoded keys",
    infos((info, verb) =>
      verb === "head" ? { ...info, key: info.key.replace("a b.txt", "a%20b.txt") } : info,
    ),
  ),
  mutant(
    "info.provider is the name of the provider",
    "returns a wrong provider name",
    infos((info) => ({ ...info, provider: "other" })),
  ),
  mutant(
    "every verb names the same provider for an object",
    "returns a wrong provider name in listings",
    infos((info, verb) => (verb === "list" ? { ...info, provider: "other" } : info)),
  ),
  mutant(
    "a write id comes back from put, head and get",
    "get forgets the write id",
    infos((info, verb) => (verb === "get" ? { ...info, writeId: undefined } : info)),
  ),
  mutant(
    "a write id is not part of the metadata",
    "shows the write id as metadata",
    infos((info) =>
      info.writeId === undefined
        ? info
        : { ...info, metadata: { ...info.metadata, "write-id": info.writeId } },
    ),
  ),
  mutant(
    "a put without a write id does not keep the write id of the old object",
    "keeps the write id of the old object",
    inheriting((old, { writeId }) => ({ writeId: writeId ?? old.writeId })),
  ),
];

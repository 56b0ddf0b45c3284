import { toBody } from "@stowage/core/provider";
import { mutant, type Mutant } from "../mutant.js";
import { bytesOf, collect, find, infos, inheriting, putBytes, putOptions, tick, verbs } from "./breaks.js";

export const putMutants: readonly Mutant[] = [
  mutant(
    "every byte value comes back as it was put",
    "treats small bodies as text",
    putBytes((bytes) => (bytes.byteLength > 256 ? bytes : Buffer.from(Buffer.from(bytes).toString()))),
  ),
  mutant(
    "a put returns the facts that head returns",
    "put returns facts without Cache-Control",
    infos((info, verb) => (verb === "put" ? { ...info, cacheControl: undefined } : info)),
  ),
  mutant("a put counts bytes, not characters", "counts characters", (inner) => {
    const sizes = new Map<string | undefined, number>();
    const counted = infos((info) => ({ ...info, size: sizes.get(info.etag) ?? info.size }))(inner);
    const put: typeof inner.put = async (key, body, options) => {
      const bytes = Buffer.from(await collect(body, options));
      const info = await inner.put(key, await toBody(bytes), options);
      const text = bytes.toString();
      if (Buffer.from(text).equals(bytes)) sizes.set(info.etag, text.length);
      return { ...info, size: sizes.get(info.etag) ?? info.size };
    };
    return { ...counted, put };
  }),
  mutant(
    "a put replaces the whole object",
    "keeps the tail of a longer old object",
    verbs((inner) => ({
      put: async (key, body, options) => {
        const old = await bytesOf(inner, key).catch(() => new Uint8Array(0));
        const bytes = await collect(body, options);
        const whole = Buffer.concat([bytes, old.subarray(bytes.byteLength)]);
        return await inner.put(key, await toBody(whole), options);
      },
    })),
  ),
  mutant(
    "after a put has replaced an object, every new read gives the new object",
    "serves reads from a cache",
    (inner) => {
      const cache = new Map<string, Awaited<ReturnType<typeof inner.get>>>();
      const get: typeof inner.get = async (key, options) => {
        if (options.range !== undefined || options.ifMatch !== undefined)
          return await inner.get(key, options);
        const result = cache.get(key) ?? (await inner.get(key, options));
        cache.set(key, result);
        return { ...result, body: Uint8Array.from(result.body as Uint8Array) };
      };
      return { ...inner, get, delete: (key, options) => (cache.delete(key), inner.delete(key, options)) };
    },
  ),
  mutant(
    "a put that replaces an object keeps no header of the old object",
    "keeps the old headers",
    inheriting((old, options) => ({
      cacheControl: options.cacheControl ?? old.cacheControl,
      contentDisposition: options.contentDisposition ?? old.contentDisposition,
    })),
  ),
  mutant(
    "a put that replaces an object does not keep the content type of the old object",
    "keeps the old content type",
    inheriting((old, { contentType }) => ({ contentType: contentType ?? old.contentType })),
  ),
  mutant(
    "a put that replaces an object keeps no metadata of the old object",
    "adds the new metadata to the old metadata",
    inheriting((old, { metadata }) => ({ metadata: { ...old.metadata, ...metadata } })),
  ),
  mutant(
    "an object does not exist before its put has received all bytes",
    "creates an empty file first",
    verbs((inner) => ({
      put: async (key, body, options) => {
        const conditional = options.ifNoneMatch !== undefined || options.ifMatch !== undefined;
        if (conditional || body.bytes !== undefined || (await find(inner, key)))
          return await inner.put(key, body, options);
        await inner.put(key, await toBody(""), {});
        return await inner.put(key, body, options).catch(async (error: unknown) => {
          await inner.delete(key, {});
          throw error;
        });
      },
    })),
  ),
  mutant(
    "the old object can be read while the new object is being written",
    "removes the old object first",
    verbs((inner) => ({
      put: async (key, body, options) => {
        const conditional = options.ifNoneMatch !== undefined || options.ifMatch !== undefined;
        if (!conditional && body.bytes === undefined) await inner.delete(key, {});
        return await inner.put(key, body, options);
      },
    })),
  ),
  mutant(
    "after simultaneous puts of one key, one of the bodies is stored whole",
    "writes two simultaneous puts into one file",
    (inner) => {
      const open = new Map<string, Uint8Array>();
      const put: typeof inner.put = async (key, body, options) => {
        const bytes = await collect(body, options);
        const other = open.get(key);
        open.set(key, bytes);
        await tick();
        const half = bytes.byteLength / 2;
        const mixed =
          other === undefined ? bytes : Buffer.concat([other.subarray(0, half), bytes.subarray(half)]);
        return await inner.put(key, await toBody(mixed), options).finally(() => open.delete(key));
      };
      return { ...inner, put };
    },
  ),
  mutant(
    "simultaneous puts of many keys store every object",
    "uses one temporary file for all puts",
    (inner) => {
      let temporary: Uint8Array = new Uint8Array(0);
      const put: typeof inner.put = async (key, body, options) => {
        temporary = await collect(body, options);
        await tick();
        return await inner.put(key, await toBody(temporary), options);
      };
      return { ...inner, put };
    },
  ),
  mutant(
    "a put of a stream reports progress that never decreases and ends with the size",
    "reports the size of each chunk instead of the sum",
    putOptions((options) => {
      let before = 0;
      const onProgress: typeof options.onProgress = ({ loaded }) => {
        options.onProgress?.({ loaded: loaded - before });
        before = loaded;
      };
      return { ...options, onProgress };
    }),
  ),
  mutant(
    "a put of bytes reports progress that ends with the size",
    "reports no progress for bytes",
    putOptions((options, _key, body) =>
      body.bytes === undefined ? options : { ...options, onProgress: undefined },
    ),
  ),
];

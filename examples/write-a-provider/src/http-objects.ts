import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import { SUPPORTS_ALL, contentTypeOf, decodeKeyPath } from "@stowage/core/provider";
import { encodeKeyPath, headersOf, keyProblem } from "@stowage/core/provider";
import type { ListPage, ObjectInfo, Operation, PutOptions, StorageProvider } from "@stowage/core/provider";
import { failure } from "./errors.js";

/** Makes a provider on a file service. `url` is the address of the objects, with a slash at its end. */
export function httpObjects(url: string, name = "http"): StorageProvider {
  const ref = (key: string): string => url + encodeKeyPath(key);
  const infoOf = (facts: ObjectInfo): ObjectInfo => {
    const lastModified = new Date(facts.lastModified ?? 0);
    return { ...facts, lastModified, provider: name, ref: ref(facts.key) };
  };
  const send = async (operation: Operation, key: string, options: PutOptions, init?: RequestInit) => {
    const [call, signal] = [{ operation, key: key || undefined, provider: name }, options.signal ?? null];
    const headers = new Headers(init?.headers);
    if (options.ifMatch !== undefined) headers.set("if-match", options.ifMatch);
    if (options.ifNoneMatch !== undefined) headers.set("if-none-match", options.ifNoneMatch);
    const response = await fetch(ref(key), { ...init, headers, signal }).catch((error) => {
      throw signal?.aborted ? signal.reason : failure(call, undefined, error);
    });
    if (response.ok) return response;
    await response.body?.cancel();
    throw failure(call, response.status);
  };
  return {
    name,
    supports: { ...SUPPORTS_ALL, range: false, beforeCommit: false },
    put: async (key, body, options) => {
      const { contentType = await contentTypeOf(key), metadata, writeId, signal } = options;
      signal?.throwIfAborted();
      const stream = body.open();
      const headers = { "x-object": packed({ ...headersOf(options), contentType, metadata, writeId }) };
      const content = counted(stream, options, body.size);
      try {
        const init = { method: "PUT", body: content, duplex: "half", headers } as const;
        return infoOf(unpacked(await send("put", key, options, init)));
      } catch (error) {
        stream.destroy();
        throw signal?.aborted ? error : (stream.errored ?? error);
      }
    },
    get: async (key, options) => {
      const response = await send("get", key, options);
      return { info: infoOf(unpacked(response)), body: Readable.fromWeb(response.body as ReadableStream) };
    },
    head: async (key, options) => infoOf(unpacked(await send("head", key, options, { method: "HEAD" }))),
    delete: async (key, options) => void (await send("delete", key, options, { method: "DELETE" })),
    list: async ({ signal, ...options }) => {
      const response = await send("list", "", { signal }, { headers: { "x-list": packed(options) } });
      const page = (await response.json()) as ListPage;
      return { ...page, objects: page.objects.map(infoOf) };
    },
    ref,
    locate: (text) => {
      const key = text.startsWith(url) ? decodeKeyPath(text.slice(url.length)) : undefined;
      return key === undefined || keyProblem(key) ? undefined : { key, provider: name, ref: ref(key) };
    },
  };
}

async function* counted(stream: Readable, { onProgress }: PutOptions, total: number | undefined) {
  let loaded = 0;
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    yield chunk;
    onProgress?.({ loaded: (loaded += chunk.byteLength), total });
  }
}

const packed = (facts: object): string => encodeURIComponent(JSON.stringify(facts));

const unpacked = ({ headers }: Response) => JSON.parse(decodeURIComponent(headers.get("x-object") ?? ""));

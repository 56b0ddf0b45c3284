import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { getRequestListener } from "@hono/node-server";
import { createStorage, memory, type FileStorage, type StorageProvider } from "@stowage/core";
import { intercept } from "@stowage/core/provider";
import type { HttpSubject, SignedSubject } from "@stowage/conformance/http";
import { createHandler, type HandlerOptions } from "../create-handler.js";
import { toNodeListener, type HttpHandler } from "../wire/handler.js";
import { signed } from "../links/signed.js";
import type { SigningKeys } from "../links/signatures.js";

const SLICE_BYTES = 65_536;

/** A server that runs on a port of its own. */
export interface Running {
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** Starts a server, and closes its connections at the end. */
export async function listen(listener: RequestListener): Promise<Running> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** The ways in which a handler can be served. */
export const SINKS = {
  "node:http": (handler: HttpHandler): RequestListener => {
    const listener = toNodeListener(handler);
    return (request, response) => void listener(request, response);
  },
  "Web requests": (handler: (request: Request) => Promise<Response>): RequestListener =>
    getRequestListener(handler, { overrideGlobalObjects: false }) as RequestListener,
} as const;

/** Makes a handler that permits reading alone. */
export function readable(storage: FileStorage): HttpHandler {
  return createHandler(storage, { basePath: "/files", authorize: (_, { action }) => action === "get" });
}

/** Makes every body a stream, and counts those that are open. */
export function counting(inner: StorageProvider): { provider: StorageProvider; open: () => number } {
  let open = 0;
  const provider = intercept(inner, {
    type: "counting",
    aroundGet: async (_call, next) => {
      const result = await next();
      const body = result.body instanceof Uint8Array ? Readable.from(slices(result.body)) : result.body;
      open++;
      body.once("close", () => open--);
      return { ...result, body };
    },
  });
  return { provider, open: () => open };
}

function* slices(bytes: Uint8Array): Generator<Uint8Array, void, undefined> {
  for (let offset = 0; offset < bytes.byteLength; offset += SLICE_BYTES) {
    yield bytes.subarray(offset, offset + SLICE_BYTES);
  }
}

/** Opens a server on a storage for the rules of HTTP. */
export async function subjectOn(
  listener: (storage: FileStorage) => RequestListener,
  inner: StorageProvider = memory(),
): Promise<HttpSubject> {
  const { provider, open } = counting(inner);
  const storage = createStorage(provider);
  const { url, close } = await listen(listener(storage));
  return {
    put: async (name, bytes, headers) => {
      await storage.put(name, bytes, headers);
      return `${url}/files/${name}`;
    },
    openBodies: open,
    close: async () => {
      await close();
      await storage.close({ graceMs: 0 });
    },
  };
}

/** The keys of signed links in tests. */
const KEYS: SigningKeys = [{ id: "test", secret: "a secret of at least 32 bytes, for tests" }];

/** Opens a server on a storage for the rules of signed links: nothing is permitted without one. */
export async function signedSubjectOn(
  listener: (storage: FileStorage, options: HandlerOptions) => RequestListener,
  inner: StorageProvider = memory(),
): Promise<SignedSubject> {
  const options: HandlerOptions = { basePath: "/files", keys: KEYS, authorize: () => false };
  const answering: { listener?: RequestListener } = {};
  const { url, close } = await listen((request, response) => answering.listener?.(request, response));
  const storage = createStorage(signed(inner, { baseUrl: `${url}/files`, keys: KEYS }));
  answering.listener = listener(storage, options);
  return {
    put: async (name, bytes, headers) => void (await storage.put(name, bytes, headers)),
    read: async (name) => {
      const found = await storage.find(name);
      return found === undefined ? undefined : Buffer.from(await (await storage.get(name)).bytes());
    },
    signGet: (name, limits) => storage.signedUrl(name, limits),
    signPut: (name, limits) => storage.signUpload(name, limits),
    close: async () => {
      await close();
      await storage.close({ graceMs: 0 });
    },
  };
}

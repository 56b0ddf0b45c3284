import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { createHandler, signed, toNodeListener, type HandlerOptions, type SigningKeys } from "@stowage/http";
import type { HttpSubject, SignedSubject } from "@stowage/conformance/http";
import { createStorage, type FileStorage, type StorageProvider } from "@stowage/core";
import { intercept } from "@stowage/core/provider";

/** A server that runs on a port of its own. */
export interface Running {
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** Starts a server. Closing it cuts its connections. */
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

function listenerOf(storage: FileStorage, options: HandlerOptions): RequestListener {
  const listener = toNodeListener(createHandler(storage, { basePath: "/files", ...options }));
  return (request, response) => void listener(request, response);
}

/** Counts the bodies of a provider that are open, and are not in memory. */
function counting(inner: StorageProvider): { provider: StorageProvider; open: () => number } {
  let open = 0;
  const provider = intercept(inner, {
    type: "counting",
    aroundGet: async (_call, next) => {
      const result = await next();
      if (!(result.body instanceof Uint8Array)) {
        open++;
        result.body.once("close", () => open--);
      }
      return result;
    },
  });
  return { provider, open: () => open };
}

/** How a provider is tried: what happens after objects were put, and how it is put away. */
export interface Place {
  readonly provider: StorageProvider;
  /** Called when every object is there. */
  readonly filled?: (() => Promise<void>) | undefined;
  readonly close?: (() => Promise<void>) | undefined;
}

const FIXTURES = 5;

/** Serves a provider to the rules of HTTP. */
export async function subjectOf({ provider: inner, filled, close }: Place): Promise<HttpSubject> {
  const { provider, open } = counting(inner);
  const storage = createStorage(provider);
  const running = await listen(listenerOf(storage, { authorize: (_, { action }) => action === "get" }));
  let count = 0;
  return {
    put: async (name, bytes, headers) => {
      const isHeld = bytes.byteLength > 0 || storage.provider.supports.emptyObject;
      if (isHeld) await storage.put(name, bytes, headers);
      if (++count === FIXTURES) await filled?.();
      return isHeld ? `${running.url}/files/${name}` : undefined;
    },
    openBodies: open,
    close: async () => {
      await running.close();
      await storage.close();
      await close?.();
    },
  };
}

const KEYS: SigningKeys = [{ id: "test", secret: "a secret of at least 32 bytes, for tests" }];
const SIGNED_FIXTURES = 2;

/** Serves a provider to the rules of signed links: nothing is permitted without one. */
export async function signedSubjectOf({ provider, filled, close }: Place): Promise<SignedSubject> {
  const answering: { listener?: RequestListener } = {};
  const running = await listen((request, response) => answering.listener?.(request, response));
  const storage = createStorage(signed(provider, { baseUrl: `${running.url}/files`, keys: KEYS }));
  answering.listener = listenerOf(storage, { keys: KEYS, authorize: () => false });
  let count = 0;
  return {
    put: async (name, bytes, headers) => {
      await storage.put(name, bytes, headers);
      if (++count === SIGNED_FIXTURES) await filled?.();
    },
    read: async (name) => {
      const found = await storage.find(name);
      return found === undefined ? undefined : Buffer.from(await (await storage.get(name)).bytes());
    },
    signGet: (name, limits) => storage.signedUrl(name, limits),
    signPut: (name, limits) => storage.signUpload(name, limits),
    close: async () => {
      await running.close();
      await storage.close();
      await close?.();
    },
  };
}

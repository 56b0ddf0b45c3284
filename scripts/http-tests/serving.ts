import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { createHandler, toNodeListener } from "@stowage/http";
import type { HttpSubject } from "@stowage/conformance/http";
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

/** Serves everything that a storage has, below `/files`. */
async function serveAll(storage: FileStorage): Promise<Running> {
  const listener = toNodeListener(
    createHandler(storage, { basePath: "/files", authorize: (_, { action }) => action === "get" }),
  );
  return await listen((request, response) => void listener(request, response));
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
  readonly filled?: (() => void) | undefined;
  readonly close?: (() => Promise<void>) | undefined;
}

const FIXTURES = 5;

/** Serves a provider to the rules of HTTP. */
export async function subjectOf({ provider: inner, filled, close }: Place): Promise<HttpSubject> {
  const { provider, open } = counting(inner);
  const storage = createStorage(provider);
  const running = await serveAll(storage);
  let count = 0;
  return {
    put: async (name, bytes, headers) => {
      const isHeld = bytes.byteLength > 0 || storage.provider.supports.emptyObject;
      if (isHeld) await storage.put(name, bytes, headers);
      if (++count === FIXTURES) filled?.();
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

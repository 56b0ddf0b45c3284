import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

/** A server that answers, on 127.0.0.1. */
export interface Listening {
  readonly url: string;
  readonly close: () => Promise<void>;
}

/**
 * Starts a server on 127.0.0.1. Closing it cuts its connections.
 *
 * @param port - 0 for any free port.
 */
export async function listen(server: Server, port: number): Promise<Listening> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
}

const TRIES = 100;

/** Starts a server on the first free port from `first` on. */
export async function listenOnFreePort(server: Server, first: number): Promise<Listening> {
  for (let port = first; ; port++) {
    try {
      return await listen(server, port);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE" || port === first + TRIES) throw error;
    }
  }
}

import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

/** A server that answers, on 127.0.0.1. */
export interface Listening {
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** @param port - 0 for one that is free. */
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

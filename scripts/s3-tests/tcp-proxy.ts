import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** What happens to one connection. Bytes are counted for each on its own. */
export interface ConnectionFault {
  /** The client's connection is reset when it has sent so many bytes. */
  readonly resetAfterSentBytes?: number | undefined;
  /** The client's connection is reset when it has received so many bytes. */
  readonly resetAfterReceivedBytes?: number | undefined;
  /** Nothing that the client sends after so many bytes gets through, and no answer comes: half-open. */
  readonly stallAfterSentBytes?: number | undefined;
}

export interface TcpProxy {
  readonly endpoint: string;
  /** How many connections were made so far. */
  readonly connections: () => number;
  readonly close: () => Promise<void>;
}

/** Stands between a client and a server, and breaks connections as `faultOf` says for each, by its number from 0. */
export async function startProxy(
  target: string,
  faultOf: (connection: number) => ConnectionFault,
): Promise<TcpProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let count = 0;
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
      socket.on("error", () => {});
    }
    relay(client, upstream, faultOf(count++));
  });
  await listening(server);
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => count,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function listening(server: Server): Promise<void> {
  return new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
}

function relay(client: Socket, upstream: Socket, fault: ConnectionFault): void {
  const { resetAfterSentBytes, resetAfterReceivedBytes, stallAfterSentBytes } = fault;
  let sent = 0;
  let received = 0;
  const reset = (): void => {
    client.resetAndDestroy();
    upstream.destroy();
  };
  client.on("data", (chunk) => {
    sent += chunk.byteLength;
    if (stallAfterSentBytes !== undefined && sent > stallAfterSentBytes) return void client.pause();
    if (resetAfterSentBytes !== undefined && sent > resetAfterSentBytes) return reset();
    if (!upstream.write(chunk)) client.pause();
  });
  upstream.on("drain", () => client.resume());
  upstream.on("data", (chunk) => {
    received += chunk.byteLength;
    if (resetAfterReceivedBytes !== undefined && received > resetAfterReceivedBytes) return reset();
    if (!client.write(chunk)) upstream.pause();
  });
  client.on("drain", () => upstream.resume());
  client.once("close", () => upstream.destroy());
  upstream.once("close", () => client.destroy());
}

import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** What happens to a connection while one request is on it. Bytes are counted for each request on its own. */
export interface ConnectionFault {
  /** The client's connection is reset when it has sent so many bytes. */
  readonly resetAfterSentBytes?: number | undefined;
  /** The client's connection is reset when it has received so many bytes. */
  readonly resetAfterReceivedBytes?: number | undefined;
  /** The client's connection ends in good order when it has received so many bytes: the answer is truncated. */
  readonly endAfterReceivedBytes?: number | undefined;
  /** Nothing that the client sends after so many bytes gets through, and no answer comes: half-open. */
  readonly stallAfterSentBytes?: number | undefined;
  /** The byte at this place of the request arrives as another. */
  readonly flipSentByte?: number | undefined;
  /** The answer comes byte by byte. */
  readonly slowly?: boolean | undefined;
}

/** A request on its way. */
export interface ProxiedRequest {
  /** The connection's number, from 0. */
  readonly connection: number;
  /** Its first line, such as `POST /bucket/key?uploads HTTP/1.1`. */
  readonly line: string;
}

export type FaultOf = (request: ProxiedRequest) => ConnectionFault;

export interface TcpProxy {
  readonly endpoint: string;
  /** How many connections were made so far. */
  readonly connections: () => number;
  /** How many are open. */
  readonly open: () => number;
  /** How many bytes the clients have sent. */
  readonly sentBytes: () => number;
  /** The first lines and headers of all requests, in lower case. */
  readonly heads: readonly string[];
  readonly close: () => Promise<void>;
}

/** Stands between a client and a server, and breaks connections as `faultOf` says for each request. */
export async function startProxy(target: string, faultOf: FaultOf): Promise<TcpProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const clients = new Set<Socket>();
  let count = 0;
  let sentBytes = 0;
  const heads: string[] = [];
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      // Else small pieces wait 40 ms for an acknowledgement.
      socket.setNoDelay(true);
      socket.once("close", () => sockets.delete(socket));
      socket.on("error", () => {});
    }
    clients.add(client);
    client.once("close", () => clients.delete(client));
    client.on("data", (chunk) => {
      sentBytes += chunk.byteLength;
      const head = chunk.toString("latin1", 0, HEAD_BYTES);
      if (REQUEST.test(head)) heads.push(head.split("\r\n\r\n", 1)[0]?.toLowerCase() ?? "");
    });
    const connection = count++;
    relay(client, upstream, (line) => faultOf({ connection, line }));
  });
  await listening(server);
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => count,
    open: () => clients.size,
    sentBytes: () => sentBytes,
    heads,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function listening(server: Server): Promise<void> {
  return new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
}

/** Where a request begins: no body of a test looks like that. */
const REQUEST = /^(?:GET|HEAD|PUT|POST|DELETE) \S+ HTTP\/1\.1(?=\r\n)/;

const HEAD_BYTES = 4096;

function relay(client: Socket, upstream: Socket, faultOf: (line: string) => ConnectionFault): void {
  let fault: ConnectionFault = {};
  let sent = 0;
  let received = 0;
  const reset = (): void => {
    client.resetAndDestroy();
    upstream.destroy();
  };
  const isOver = (bytes: number, most: number | undefined): boolean => most !== undefined && bytes > most;
  client.on("data", (chunk) => {
    const line = REQUEST.exec(chunk.toString("latin1", 0, HEAD_BYTES))?.[0];
    if (line !== undefined) {
      fault = faultOf(line);
      sent = 0;
      received = 0;
    }
    const at = (fault.flipSentByte ?? -1) - sent;
    if (at >= 0 && at < chunk.byteLength) chunk[at] = (chunk[at] ?? 0) ^ 1;
    sent += chunk.byteLength;
    if (isOver(sent, fault.stallAfterSentBytes)) return void client.pause();
    if (isOver(sent, fault.resetAfterSentBytes)) return reset();
    if (!upstream.write(chunk)) client.pause();
  });
  upstream.on("drain", () => client.resume());
  upstream.on("data", (chunk) => {
    received += chunk.byteLength;
    if (isOver(received, fault.resetAfterReceivedBytes)) return reset();
    const { endAfterReceivedBytes: end, slowly } = fault;
    if (isOver(received, end)) {
      client.end(chunk.subarray(0, chunk.byteLength - (received - (end ?? 0))));
      return void upstream.destroy();
    }
    const pieces = slowly === true ? [...chunk].map((byte) => Buffer.of(byte)) : [chunk];
    if (!pieces.map((piece) => client.write(piece)).every(Boolean)) upstream.pause();
  });
  client.on("drain", () => upstream.resume());
  client.once("close", () => upstream.destroy());
  upstream.once("close", () => client.destroy());
}

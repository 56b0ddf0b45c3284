import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A request to the little server. */
export interface LittleCall {
  readonly method: string;
  /** Empty for the bucket itself. */
  readonly key: string;
  readonly query: URLSearchParams;
  readonly body: string;
  readonly answer: (status: number, body?: string) => void;
  /** Answers with a code of S3's. */
  readonly fail: (status: number, code: string) => void;
}

/** A server with one bucket, "b", that does what real ones do not. */
export interface LittleServer {
  readonly endpoint: string;
  readonly objects: Map<string, string>;
}

/**
 * Plays a server that keeps objects, knows no conditions and says nothing about it, and runs a test with it.
 *
 * @param hook - Sees each request first, and returns true when it has answered.
 */
export async function withLittleServer(
  hook: (call: LittleCall, objects: ReadonlyMap<string, string>) => boolean,
  run: (server: LittleServer) => Promise<void>,
): Promise<void> {
  const objects = new Map<string, string>();
  const server = createServer((request, response) => {
    void callOf(request, response).then((call) => hook(call, objects) || serve(call, objects));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  try {
    await run({ endpoint: `http://127.0.0.1:${port}`, objects });
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

async function callOf(request: IncomingMessage, response: ServerResponse): Promise<LittleCall> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://server");
  const { method = "GET" } = request;
  const answer = (status: number, body = ""): void => {
    const headers = { "content-length": Buffer.byteLength(body), etag: '"e"', "x-amz-request-id": "r" };
    response.writeHead(status, headers).end(method === "HEAD" ? undefined : body);
  };
  return {
    method,
    key: decodeURIComponent(pathname.replace(/^\/b(?:\/|$)/, "")),
    query: searchParams,
    body: Buffer.concat(chunks).toString(),
    answer,
    fail: (status, code) => answer(status, `<Error><Code>${code}</Code><Message>m</Message></Error>`),
  };
}

function serve({ method, key, body, answer, fail }: LittleCall, objects: Map<string, string>): void {
  if (method === "PUT") objects.set(key, body);
  if (method === "DELETE") objects.delete(key);
  const found = objects.get(key);
  if (method === "PUT") answer(200);
  else if (method === "DELETE") answer(204);
  else if (found === undefined) fail(404, "NoSuchKey");
  else answer(200, found);
}

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { S3Options } from "./s3-options.js";

/** A request as a small server sees it. */
export interface Seen {
  readonly method: string;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
  readonly response: ServerResponse;
  /** Answers. */
  readonly send: (status: number, headers?: Record<string, string>, body?: string | Buffer) => void;
  readonly fail: (status: number, code: string) => void;
}

/** A server on this machine, and the options of `s3` for it. */
export interface SmallServer extends AsyncDisposable {
  readonly url: string;
  readonly options: S3Options & { readonly endpoint: string };
  readonly seen: readonly Seen[];
  /** Takes no more connections. */
  readonly stop: () => void;
}

/** Returns the wire through which this process tests. The tests of the connection run through both. */
function wireOfTests(): "auto" | "sdk" {
  return process.env["STOWAGE_TEST_WIRE"] === "sdk" ? "sdk" : "auto";
}

/** Starts a server that answers as it is told: for what no other server does when it should. */
export async function smallServer(answer: (seen: Seen) => void | Promise<void>): Promise<SmallServer> {
  const all: Seen[] = [];
  const server = createServer((request, response) => {
    void read(request).then((body) => {
      const seen = seenIn(request, response, body);
      all.push(seen);
      return answer(seen);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const credentials = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "secret" };
  return {
    url,
    options: { bucket: "b", endpoint: url, credentials, wire: wireOfTests() },
    seen: all,
    stop: () => void server.close(),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function read(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer);
  } catch {
    // The client has gone.
  }
  return Buffer.concat(chunks);
}

function seenIn(request: IncomingMessage, response: ServerResponse, body: Buffer): Seen {
  const { pathname, searchParams: query } = new URL(request.url ?? "/", "http://localhost");
  const { method = "GET", headers } = request;
  const send: Seen["send"] = (status, given = {}, content = "") => {
    response.writeHead(status, { "x-amz-request-id": "R1", ...given });
    response.end(method === "HEAD" || status === 204 ? undefined : content);
  };
  const fail: Seen["fail"] = (status, code) =>
    send(status, { "content-type": "application/xml" }, `<Error><Code>${code}</Code></Error>`);
  const key = decodeURIComponent(pathname.replace(/^\/b(?:\/|$)/, ""));
  return { method, key, query, headers, body, response, send, fail };
}

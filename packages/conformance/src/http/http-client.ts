import { request as requestPlain, type IncomingMessage } from "node:http";
import { request as requestSecure } from "node:https";
import { connect } from "node:net";
import { connect as connectSecure } from "node:tls";

/** The parts of a request that a rule can set. */
export interface SendOptions {
  /**
   * The method.
   *
   * @default "GET"
   */
  readonly method?: string | undefined;
  /**
   * The headers, by lower-case name.
   *
   * @default none
   */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /**
   * The body of the request. If the headers have no `content-length`, the body is sent with chunked encoding.
   *
   * @default none
   */
  readonly body?: Uint8Array | undefined;
}

/** An answer that was read to its end. */
export interface HttpReply {
  readonly status: number;
  /** The headers, by lower-case name. If a header has several values, they are joined. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
}

/** The time limit for an answer, in milliseconds. */
const REPLY_MS = 20_000;

/** Sends a request on a separate connection. The target is sent exactly as the address contains it, without normalisation. */
export async function send(
  url: string,
  { method = "GET", headers = {}, body }: SendOptions = {},
): Promise<HttpReply> {
  const { secure, host, port, target } = partsOf(url);
  const options = { host, port, path: target, method, headers, agent: false, timeout: REPLY_MS } as const;
  return await new Promise((resolve, reject) => {
    const sent = (secure ? requestSecure : requestPlain)(options, (message) => {
      collect(message).then(resolve, reject);
    });
    sent.once("error", reject);
    sent.once("timeout", () => sent.destroy(new Error(`no answer after ${REPLY_MS} ms`)));
    if (body !== undefined) sent.write(body);
    sent.end();
  });
}

/**
 * Sends a request line that no client library would send. @returns The status, or `undefined` if the server closed the
 * connection without sending a status.
 */
export async function sendRaw(
  url: string,
  target: string,
): Promise<{ status: number | undefined; text: string }> {
  const { secure, host, port } = partsOf(url);
  const socket = secure ? connectSecure({ host, port, servername: host }) : connect({ host, port });
  const chunks: Buffer[] = [];
  const text = (): string => Buffer.concat(chunks).toString("latin1");
  return await new Promise((resolve, reject) => {
    const settle = (): void =>
      resolve({ status: Number(/^HTTP\/1\.[01] (\d{3})/.exec(text())?.[1]) || undefined, text: text() });
    socket.setTimeout(REPLY_MS, () => socket.destroy(new Error(`no answer after ${REPLY_MS} ms`)));
    socket.on("data", (chunk: Buffer) => void chunks.push(chunk));
    socket.once("end", settle);
    socket.once("close", settle);
    socket.once("error", (error: NodeJS.ErrnoException) =>
      error.code === "ECONNRESET" || error.code === "EPIPE" ? settle() : reject(error),
    );
    socket.write(
      Buffer.from(`GET ${target} HTTP/1.1\r\nHost: ${host}:${port}\r\nConnection: close\r\n\r\n`, "latin1"),
    );
  });
}

/** Sends a request, waits for the first bytes of the answer, and closes the connection. */
export async function sendAndLeave(url: string): Promise<void> {
  const { secure, host, port, target } = partsOf(url);
  await new Promise<void>((resolve, reject) => {
    const sent = (secure ? requestSecure : requestPlain)(
      { host, port, path: target, agent: false },
      (message) => {
        message.once("error", () => {});
        message.once("data", () => {
          sent.destroy();
          resolve();
        });
      },
    );
    sent.once("error", reject);
    sent.end();
  });
}

/** Splits an address without decoding or normalising any part of it. */
export function partsOf(url: string): {
  secure: boolean;
  host: string;
  port: number;
  origin: string;
  target: string;
} {
  const groups =
    /^(?<origin>(?<scheme>https?):\/\/(?<host>\[[^\]]*\]|[^/:?#]*)(?::(?<port>\d+))?)(?<target>.*)$/s.exec(
      url,
    )?.groups;
  if (groups === undefined)
    throw new TypeError(`put: the address of an object must begin with http:// or https://, but is "${url}"`);
  const { origin = "", scheme, host = "", port, target = "" } = groups;
  const secure = scheme === "https";
  return {
    secure,
    host,
    origin,
    port: Number(port ?? (secure ? 443 : 80)),
    target: target === "" ? "/" : target,
  };
}

async function collect(message: IncomingMessage): Promise<HttpReply> {
  const chunks: Buffer[] = [];
  for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk);
  const headers = Object.fromEntries(
    Object.entries(message.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(", ") : value,
    ]),
  );
  return { status: message.statusCode ?? 0, headers, body: Buffer.concat(chunks) };
}

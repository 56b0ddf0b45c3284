import { IdleBodies, RefusedError, clock, isConnecting, onAbort } from "@stowage/core/provider";
import {
  Agent as HttpAgent,
  request as httpRequest,
  type ClientRequest,
  type IncomingMessage,
  type RequestOptions,
} from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { once } from "node:events";
import type { Socket } from "node:net";
import { CloudinaryFailureError } from "../client.js";

/** One request, and the time that its answer may take. */
export interface Exchange {
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The pieces of the body, which are sent one after the other. */
  readonly body?: readonly Uint8Array[] | undefined;
  readonly onSent?: ((bytes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called before the last block of the body is given to a connection. If the function throws, the request ends. */
  readonly beforeCommit?: (() => void) | undefined;
  readonly extraMs?: number | undefined;
}

export interface Limits {
  readonly connectMs: number;
  readonly firstByteMs: number;
}

/** An object that sends requests, and keeps its connections open for later requests. */
export interface Wire {
  /** Returns how far the API's clock is ahead of this machine's clock, in milliseconds, according to the API's answers. */
  readonly clockOffsetMs: () => number;
  readonly send: (exchange: Exchange) => Promise<IncomingMessage>;
  /** The bodies of answers that are not being read at the moment. */
  readonly idle: IdleBodies;
  readonly close: () => void;
}

const SOCKETS_MAX = 256;

/** The maximum time of a timer in Node, in milliseconds. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/**
 * The size, in bytes, of the blocks in which a body is given to a socket. A block counts as sent when the socket has
 * taken it. A slow connection takes one block in a few seconds.
 */
const BLOCK_BYTES = 64 * 1024;

/**
 * The smallest difference between the two clocks that is taken into account, in milliseconds. A smaller difference may
 * come only from the time that an answer takes.
 */
const CLOCK_MS_MIN = 5000;

/**
 * Makes an object that sends requests.
 *
 * @param apiUrl - The address of the API. Only answers of the API show the current time, because answers of the CDN may be old.
 */
export function createWire(limits: Limits, apiUrl: string): Wire {
  let isClosed = false;
  let clockOffsetMs = 0;
  const learn = ({ url }: Exchange, { headers }: IncomingMessage): void => {
    const offset = Date.parse(headers.date ?? "") - Date.now();
    if (url.startsWith(`${apiUrl}/v1_1/`) && Number.isFinite(offset)) {
      clockOffsetMs = Math.abs(offset) < CLOCK_MS_MIN ? 0 : offset;
    }
  };
  const agents = {
    "http:": new HttpAgent({ keepAlive: true, maxSockets: SOCKETS_MAX, noDelay: true }),
    "https:": new HttpsAgent({ keepAlive: true, maxSockets: SOCKETS_MAX, noDelay: true }),
  };
  return {
    clockOffsetMs: () => clockOffsetMs,
    idle: new IdleBodies(Object.values(agents)),
    send: async (exchange) => {
      if (isClosed) throw new CloudinaryFailureError({ kind: "closed", message: "" });
      const answer = await send(exchange, limits, agents);
      learn(exchange, answer);
      return answer;
    },
    close: () => {
      isClosed = true;
      for (const agent of Object.values(agents)) agent.destroy();
    },
  };
}

/**
 * Sends one request.
 *
 * @returns The answer, once its headers have arrived. The caller must read its body or destroy it.
 */
async function send(
  exchange: Exchange,
  limits: Limits,
  agents: { readonly "http:": HttpAgent; readonly "https:": HttpsAgent },
): Promise<IncomingMessage> {
  const { signal, extraMs = 0 } = exchange;
  signal?.throwIfAborted();
  const request = begin(exchange, agents);
  const watch = watching(request, limits, extraMs);
  const unlink = onAbort(signal, () => void request.destroy(signal?.reason as Error));
  try {
    const answered = once(request, "response") as Promise<[IncomingMessage]>;
    const [[answer]] = await Promise.all([answered, write(request, exchange, answered)]);
    // The answer came before the whole request was sent, so its connection cannot be used again.
    if (!request.writableEnded) answer.once("close", () => request.destroy());
    return answer;
  } catch (error) {
    request.destroy();
    signal?.throwIfAborted();
    throw error instanceof RefusedError ? error.reason : failed(error);
  } finally {
    watch.end();
    unlink();
  }
}

function begin(
  { method, url, headers, body = [] }: Exchange,
  agents: { readonly "http:": HttpAgent; readonly "https:": HttpsAgent },
): ClientRequest {
  const { protocol } = new URL(url);
  const length = body.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const options: RequestOptions = {
    method,
    headers: { ...headers, ...(method === "POST" && { "content-length": length }) },
    agent: protocol === "http:" ? agents["http:"] : agents["https:"],
  };
  const request = protocol === "http:" ? httpRequest(url, options) : httpsRequest(url, options);
  // The error is reported to the code that waits for the answer. This listener only prevents a later error from ending the
  // process.
  request.on("error", () => {});
  return request;
}

/** Writes the body. Stops when all of it has been sent, or when an answer arrives early. */
async function write(
  request: ClientRequest,
  { body = [], onSent, beforeCommit }: Exchange,
  answered: Promise<unknown>,
): Promise<void> {
  const isOver = { now: false };
  const over = answered.then(
    () => (isOver.now = true),
    () => (isOver.now = true),
  );
  let sent = 0;
  for (const [index, piece] of body.entries()) {
    for (let at = 0; at < piece.byteLength; at += BLOCK_BYTES) {
      const block = piece.subarray(at, at + BLOCK_BYTES);
      const isLast = index === body.length - 1 && at + BLOCK_BYTES >= piece.byteLength;
      if (isLast && beforeCommit !== undefined) await Promise.race([connected(request), over]);
      if (isOver.now) return;
      if (isLast) askFor(beforeCommit);
      if (!request.write(block)) await Promise.race([waitForDrain(request), over]);
      if (isOver.now) return;
      onSent?.((sent += block.byteLength));
    }
  }
  request.end();
}

function askFor(beforeCommit: (() => void) | undefined): void {
  try {
    beforeCommit?.();
  } catch (error) {
    throw new RefusedError(error);
  }
}

/** Waits until a request has a connection. Bytes that are written before that may be sent much later. */
async function connected(request: ClientRequest): Promise<void> {
  const { socket: given } = request as { readonly socket: Socket | null };
  const socket = given ?? ((await once(request, "socket")) as [Socket])[0];
  if (isConnecting(socket)) await once(socket, "encrypted" in socket ? "secureConnect" : "connect");
}

/** Waits until a request accepts more bytes or is closed. Errors are reported to the code that waits for the answer. */
function waitForDrain(request: ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    const settle = (): void => {
      request.off("drain", settle).off("close", settle);
      resolve();
    };
    request.on("drain", settle).on("close", settle);
  });
}

/** Ends a request that takes too long to get a connection, to send its bytes, or to get an answer. */
function watching(
  request: ClientRequest,
  { connectMs, firstByteMs }: Limits,
  extraMs: number,
): { readonly end: () => void } {
  let timer: NodeJS.Timeout | undefined;
  const within = (ms: number, kind: "connect-timeout" | "answer-timeout"): void => {
    clock.clearTimeout(timer);
    const message = `${ms} ms`;
    const end = (): void => void request.destroy(new CloudinaryFailureError({ kind, message }));
    timer = clock.setTimeout(end, Math.min(ms, TIMER_MS_MAX));
  };
  const waiting = (): void => within(firstByteMs + extraMs, "answer-timeout");
  // The request waits for a connection. Bodies that are not being read may hold all connections.
  within(firstByteMs, "connect-timeout");
  request.once("socket", (socket) => {
    if (!socket.connecting) return waiting();
    within(connectMs, "connect-timeout");
    socket.once("encrypted" in socket ? "secureConnect" : "connect", waiting);
  });
  // Whenever bytes are sent, the time limit starts again, because the other side is still accepting bytes.
  request.on("drain", waiting).once("finish", waiting);
  return { end: () => clock.clearTimeout(timer) };
}

/**
 * Returns the failure of a request that got no answer. The message may contain an address, but nothing else from the
 * request.
 */
export function failed(error: unknown): CloudinaryFailureError {
  if (error instanceof CloudinaryFailureError) return error;
  const { code, message } = Object(error) as { readonly code?: unknown; readonly message?: unknown };
  return new CloudinaryFailureError({
    kind: "connection",
    message: String(message),
    code: typeof code === "string" ? code : undefined,
  });
}

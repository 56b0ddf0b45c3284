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

/** One request, and how long it may take. */
export interface Exchange {
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Sent one after the other. */
  readonly body?: readonly Uint8Array[] | undefined;
  readonly onSent?: ((bytes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called before the last block of the body is handed to a connection; when it throws the request ends. */
  readonly beforeCommit?: (() => void) | undefined;
  readonly extraMs?: number | undefined;
}

export interface Limits {
  readonly connectMs: number;
  readonly firstByteMs: number;
}

/** Sends requests over connections that are kept. */
export interface Wire {
  /** How much the API's clock is ahead of ours, in milliseconds, as its answers say. */
  readonly clockOffsetMs: () => number;
  readonly send: (exchange: Exchange) => Promise<IncomingMessage>;
  /** The bodies of answers that nobody reads. */
  readonly idle: IdleBodies;
  readonly close: () => void;
}

const SOCKETS_MAX = 256;

/** The longest that a timer of Node waits, in milliseconds. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** Bytes handed to a socket at once, and counted when they have gone: a slow link takes so many in a few seconds. */
const BLOCK_BYTES = 64 * 1024;

/** Smaller differences are the time that an answer takes. */
const CLOCK_MS_MIN = 5000;

/** @param apiUrl - Whose answers say what time it is: those of the CDN may be old. */
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
 * @returns The answer when its headers are there; who takes it must read its body or destroy it.
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
    // Answered before it was heard to its end: its connection cannot be used again.
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
  // Whoever waits hears of it. When nobody does any more it must not end the process.
  request.on("error", () => {});
  return request;
}

/** Writes the body, until all of it has left or an answer has come, which may be before. */
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

/** Waits until a request has a connection: what is written before may leave much later. */
async function connected(request: ClientRequest): Promise<void> {
  const { socket: given } = request as { readonly socket: Socket | null };
  const socket = given ?? ((await once(request, "socket")) as [Socket])[0];
  if (isConnecting(socket)) await once(socket, "encrypted" in socket ? "secureConnect" : "connect");
}

/** An error is heard of by whoever waits for the answer. */
function waitForDrain(request: ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    const settle = (): void => {
      request.off("drain", settle).off("close", settle);
      resolve();
    };
    request.on("drain", settle).on("close", settle);
  });
}

/** Ends a request whose connection is not made in time, that is not taken, or that gets no answer. */
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
  // Until there is a connection for it: all may be taken by bodies that nobody reads.
  within(firstByteMs, "connect-timeout");
  request.once("socket", (socket) => {
    if (!socket.connecting) return waiting();
    within(connectMs, "connect-timeout");
    socket.once("encrypted" in socket ? "secureConnect" : "connect", waiting);
  });
  // As long as bytes leave, somebody takes them.
  request.on("drain", waiting).once("finish", waiting);
  return { end: () => clock.clearTimeout(timer) };
}

/** A failure without an answer. Its words may have an address in them, and nothing else. */
export function failed(error: unknown): CloudinaryFailureError {
  if (error instanceof CloudinaryFailureError) return error;
  const { code, message } = Object(error) as { readonly code?: unknown; readonly message?: unknown };
  return new CloudinaryFailureError({
    kind: "connection",
    message: String(message),
    code: typeof code === "string" ? code : undefined,
  });
}

import { types } from "node:util";
import { clock, isConnecting, onAbort } from "@stowage/core/provider";
import { request as requestHttp, type Agent, type ClientRequest, type IncomingMessage } from "node:http";
import { request as requestHttps } from "node:https";
import type { Socket } from "node:net";
import { Readable } from "node:stream";
import type { S3Call } from "../server/client.js";
import type { HeldBack } from "../connection/last-moment.js";
import { watch, type WatchedRequest } from "../connection/request-watch.js";

/** The server to which requests go. */
export interface Target {
  readonly isTls: boolean;
  readonly hostname: string;
  readonly port: number;
  readonly agent: Agent;
}

/** A request that is ready to be sent. */
export interface Outgoing {
  readonly method: string;
  /** The path with its query. */
  readonly path: string;
  /** Names and values in turn. Node sends a list as it is, and would check each field of an object twice. */
  readonly headers: readonly string[];
  readonly body: Uint8Array | undefined;
}

/** The course of a request that was not answered. */
interface Course {
  /**
   * True if the request reused the connection of an earlier request, and the connection broke soon, before a byte of an answer.
   * The server has probably closed this connection before it received the request.
   */
  readonly isOnDeadConnection: boolean;
  /** True if the last bytes of the request never left this process. A server does not carry out such a request. */
  readonly isPartial: boolean;
}

const NEVER_SENT: Course = { isOnDeadConnection: false, isPartial: true };

/** The failure of a request that was not answered. */
export class UnansweredError extends Error {
  override readonly name = "UnansweredError";
  readonly course: Course;

  constructor(cause: unknown, course: Course) {
    super("the request was not answered", { cause });
    this.course = course;
  }
}

/** The time, in milliseconds, in which a request fails on a connection that the server has closed. */
const DEAD_MS = 1000;

/** Follows a request from its connection to its failure. Returns a function that describes the course. */
function follow(request: ClientRequest, isTls: boolean, body: unknown): (cause: unknown) => Course {
  let sentAt = clock.now();
  let socket: Socket | undefined;
  let isConnected = false;
  let receivedBefore = 0;
  request.once("socket", (given: Socket) => {
    socket = given;
    sentAt = clock.now();
    receivedBefore = given.bytesRead;
    const connect = (): void => void (isConnected = true);
    if (isConnecting(given)) given.once(isTls ? "secureConnect" : "connect", connect);
    else connect();
  });
  return (cause) => {
    const code = cause === undefined ? "ECONNRESET" : String(Object(cause).code);
    const isReset = code === "ECONNRESET" || code === "EPIPE";
    const isSilent = socket?.bytesRead === receivedBefore;
    return {
      isOnDeadConnection: request.reusedSocket && isReset && isSilent && clock.now() - sentAt < DEAD_MS,
      // A connection with TLS reports a write only some turns after the kernel has taken its bytes.
      isPartial: !isConnected || (isTls ? !isGiven(body) : !request.writableFinished),
    };
  };
}

/** Tells whether all bytes of a body were given to the connection. */
function isGiven(body: unknown): boolean {
  return !(body instanceof Readable) || (body as HeldBack).isGiven();
}

/** The connections of this wire belong to this package, so a refusal ends the request itself. */
const OWN = { isWatched: true, abort: () => {} };

/**
 * Sends one request, and waits for the start of its answer.
 *
 * @throws UnansweredError if there is no answer. The reason of `call.signal` if it aborts, and a `RefusedError` if
 * `call.beforeCommit` throws.
 */
export async function exchange(target: Target, outgoing: Outgoing, call: S3Call): Promise<IncomingMessage> {
  call.signal?.throwIfAborted();
  const watched = watch(outgoing.headers, outgoing.body, call, OWN);
  const body = watched.body();
  const request = open(target, outgoing);
  const sent: Sent = {
    request,
    body,
    courseOf: follow(request, target.isTls, body),
    refusal: watched.refusal,
  };
  return await answerTo(sent, call.signal);
}

/** A request that was made, and what is needed to describe its failure. */
interface Sent extends Pick<WatchedRequest, "refusal"> {
  readonly request: ClientRequest;
  readonly body: unknown;
  readonly courseOf: (cause: unknown) => Course;
}

/**
 * Sends the request, and waits for its answer. The listeners live as long as the connection remembers the request, so
 * they hold nothing that is not needed any more: headers that they held would slow the collection of garbage down.
 */
function answerTo(
  { request, body, courseOf, refusal }: Sent,
  signal: AbortSignal | undefined,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const unlink =
      signal &&
      onAbort(signal, () => {
        request.destroy();
        // A request that waits for a connection says nothing when it is destroyed.
        fail(undefined);
      });
    let isSettled = false;
    const fail = (error: unknown): void => {
      if (body instanceof Readable) body.destroy();
      if (isSettled) return;
      isSettled = true;
      const refused = refusal?.();
      if (refused !== undefined) reject(refused);
      else if (signal?.aborted === true) reject(signal.reason as Error);
      else reject(new UnansweredError(error, courseOf(error)));
    };
    request.once("response", (message) => {
      isSettled = true;
      resolve(message);
    });
    // If the connection fails after the answer has begun, the reader of the answer receives the error.
    request.on("error", fail);
    request.once("close", () => {
      unlink?.();
      fail(undefined);
    });
    send(request, body);
  });
}

function open({ isTls, hostname, port, agent }: Target, { method, path, headers }: Outgoing): ClientRequest {
  const options = { hostname, port, agent, method, path, headers, setHost: false };
  try {
    return isTls ? requestHttps(options) : requestHttp(options);
  } catch (error) {
    throw new UnansweredError(error, NEVER_SENT);
  }
}

function send(request: ClientRequest, body: unknown): void {
  if (body instanceof Readable) body.pipe(request);
  else if (types.isUint8Array(body)) request.end(body);
  else request.end();
}

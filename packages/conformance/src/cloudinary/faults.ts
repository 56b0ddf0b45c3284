import type { IncomingMessage, ServerResponse } from "node:http";
import { aFunction, knownNames, oneOf, wholeNumber } from "@stowage/core/provider";

/** A way in which the fake fails a request. */
export type CloudinaryFault =
  /** The answer has this status. With `early`, the answer is sent before the body of the request has arrived. */
  | {
      readonly type: "status";
      readonly status: number;
      readonly message?: string | undefined;
      readonly headers?: Readonly<Record<string, string>> | undefined;
      readonly early?: boolean | undefined;
    }
  /** The answer is an HTML page, like the answer of a proxy between client and server. */
  | { readonly type: "html"; readonly status: number }
  /** The connection is reset after this many bytes of the request's body have arrived. */
  | { readonly type: "reset"; readonly afterBytes?: number | undefined }
  /** The answer is cut off after this many bytes of its body have been sent. */
  | { readonly type: "truncated"; readonly afterBytes: number }
  /** No answer ever comes. */
  | { readonly type: "silent" }
  /** The answer comes byte by byte, so a character of several bytes arrives in pieces. */
  | { readonly type: "slow" }
  /** The request takes effect, but its answer never arrives. */
  | { readonly type: "lost" };

/** An instruction to fail requests: the fault, and the requests that get the fault. */
export interface CloudinaryFailure {
  readonly fault: CloudinaryFault;
  /** Tells whether a request fails. By default, every request fails. */
  readonly matches?: ((request: FakeRequest) => boolean) | undefined;
  /** The maximum number of requests that fail. By default, there is no maximum. */
  readonly times?: number | undefined;
  /** The number of matching requests that pass before the first request fails; default 0. */
  readonly skip?: number | undefined;
}

/** A record of a request that the fake received. Tests can inspect the record. */
export interface FakeRequest {
  readonly method: string;
  /** The decoded path. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The fields of the form. They are set as soon as they have been read. */
  fields: Readonly<Record<string, string | readonly string[]>>;
  /** The status of the answer. It is set when the answer has ended. */
  status: number | undefined;
}

export interface Faults {
  readonly add: (failure: CloudinaryFailure) => void;
  readonly clear: () => void;
  readonly next: (request: FakeRequest) => CloudinaryFault | undefined;
}

const FAULT_OPTIONS: { readonly [Type in CloudinaryFault["type"]]: Readonly<Record<string, true>> } = {
  status: { type: true, status: true, message: true, headers: true, early: true },
  html: { type: true, status: true },
  reset: { type: true, afterBytes: true },
  truncated: { type: true, afterBytes: true },
  silent: { type: true },
  slow: { type: true },
  lost: { type: true },
};

/**
 * Checks the property names and values of a failure. A failure with a misspelt property would never happen.
 *
 * @throws TypeError if a name or a value is wrong.
 */
function checkFailure(failure: CloudinaryFailure): void {
  knownNames("fail", failure, { fault: true, matches: true, times: true, skip: true });
  const { fault, matches, times = Infinity, skip = 0 } = failure;
  const type = oneOf("fail", "fault.type", Object(fault).type, Object.keys(FAULT_OPTIONS));
  knownNames<object>(`fail: the fault "${type}"`, fault, FAULT_OPTIONS[type as CloudinaryFault["type"]]);
  if (matches !== undefined) aFunction("fail", "matches", matches);
  if (times !== Infinity) wholeNumber("fail", "times", times);
  wholeNumber("fail", "skip", skip);
}

export function createFaults(): Faults {
  let failures: { readonly failure: CloudinaryFailure; seen: number }[] = [];
  return {
    add: (failure) => {
      checkFailure(failure);
      failures.push({ failure, seen: 0 });
    },
    clear: () => {
      failures = [];
    },
    next: (request) => {
      for (const entry of failures) {
        const { matches = () => true, skip = 0, times = Infinity, fault } = entry.failure;
        if (!matches(request)) continue;
        entry.seen++;
        if (entry.seen > skip && entry.seen <= skip + times) return fault;
      }
      return undefined;
    },
  };
}

/**
 * Fails a request before the fake works on it. Does nothing for faults that break the answer.
 *
 * @returns True if the request needs no further work.
 */
export function failAtOnce(
  fault: CloudinaryFault,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  if (fault.type === "silent") return true;
  if (fault.type === "reset") {
    resetAfter(request, fault.afterBytes ?? 0);
    return (fault.afterBytes ?? 0) === 0;
  }
  if (fault.type === "html") {
    afterBody(request, () => {
      response.writeHead(fault.status, { "content-type": "text/html" }).end("<html><h1>Sorry</h1></html>");
    });
    return true;
  }
  if (fault.type !== "status") return false;
  const { status, message = `msg-${status}`, headers = {}, early } = fault;
  const answer = (): void => {
    response.writeHead(status, { "content-type": "application/json", "x-cld-error": message, ...headers });
    response.end(JSON.stringify({ error: { message } }));
  };
  if (early !== true) afterBody(request, answer);
  else {
    response.setHeader("connection", "close");
    answer();
  }
  return true;
}

function afterBody(request: IncomingMessage, answer: () => void): void {
  request.on("error", () => {});
  request.once("end", answer).resume();
}

function resetAfter(request: IncomingMessage, bytes: number): void {
  if (bytes === 0) return void request.socket.resetAndDestroy();
  let received = 0;
  request.on("data", (chunk: Buffer) => {
    received += chunk.byteLength;
    if (received >= bytes) request.socket.resetAndDestroy();
  });
}

/** Breaks the answer to a request while it is being sent, as the fault requires. */
export function breakAnswer(fault: CloudinaryFault, response: ServerResponse): void {
  const { socket } = response;
  const write = response.write.bind(response);
  const end = response.end.bind(response);
  if (fault.type === "lost") {
    response.write = () => true;
    response.end = () => {
      socket?.resetAndDestroy();
      return response;
    };
    return;
  }
  const pass = fault.type === "slow" ? byteByByte(write) : upTo(fault, write, () => socket?.destroySoon());
  response.write = ((chunk: Uint8Array | string) =>
    pass(Buffer.from(chunk as string))) as typeof response.write;
  response.end = ((chunk?: Uint8Array | string) => {
    if (chunk !== undefined) pass(Buffer.from(chunk as string));
    if (fault.type !== "truncated") end();
    return response;
  }) as typeof response.end;
}

function byteByByte(write: ServerResponse["write"]): (chunk: Buffer) => boolean {
  return (chunk) => {
    for (const byte of chunk) write(Buffer.of(byte));
    return true;
  };
}

function upTo(
  fault: CloudinaryFault,
  write: ServerResponse["write"],
  cut: () => void,
): (chunk: Buffer) => boolean {
  let left = fault.type === "truncated" ? fault.afterBytes : Infinity;
  return (chunk) => {
    const rest = chunk.subarray(0, left);
    left -= rest.byteLength;
    if (rest.byteLength > 0) write(rest);
    if (left <= 0) cut();
    return true;
  };
}

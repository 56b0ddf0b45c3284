import { RefusedError, clock, isConnecting } from "@stowage/core/provider";
import type { ClientRequest } from "node:http";
import { Readable, type Duplex } from "node:stream";

/** The most bytes of a body that are held back until the last moment. */
const HELD_BYTES = 64 * 1024;

/** The last moment of one request, before which nothing that it changes can be seen. */
export interface LastMoment {
  /** Present once the caller has refused. */
  readonly refusal: () => RefusedError | undefined;
  /** Waits for the connection of a request: nothing leaves before there is one. */
  readonly watch: (request: ClientRequest, connected: "connect" | "secureConnect") => void;
  /** Returns the body of the request, whose last bytes are held back. A small one goes with the connection. */
  readonly hold: (body: unknown, onSent: ((bytes: number) => void) | undefined) => unknown;
}

/** The last moments of requests that have been made, by their headers. */
export const lastMoments: WeakMap<object, LastMoment> = new WeakMap();

/** The parts of a {@link LastMoment}. */
interface Asked {
  /** Asks the caller; throws when the change must not be made. */
  readonly beforeCommit: () => void;
  /** Whether the connection is one of ours; elsewhere the moment is when the request is handed over. */
  readonly isWatched: boolean;
  /** Ends a request whose connection is somebody else's. */
  readonly abort: () => void;
}

/** Makes the last moment of one request. */
export function lastMoment({ beforeCommit, isWatched, abort }: Asked): LastMoment {
  let refusal: RefusedError | undefined;
  let request: ClientRequest | undefined;
  let isSmall = true;
  let whenConnected: (() => void) | undefined;
  let isConnected = !isWatched;
  const ask = (): boolean => {
    try {
      beforeCommit();
      return true;
    } catch (error) {
      refusal = new RefusedError(error);
      if (request === undefined) abort();
      else request.destroy(refusal);
      return false;
    }
  };
  const connect = (): void => {
    isConnected = true;
    if (isSmall) ask();
    else whenConnected?.();
  };
  return {
    refusal: () => refusal,
    watch: (made, connected) => {
      request = made;
      made.once("socket", (socket) => onceConnected(socket, connected, connect));
    },
    hold: (body, onSent) => {
      isSmall = !(body instanceof Uint8Array) || body.byteLength <= HELD_BYTES;
      if (!isSmall) {
        return heldBack(body as Uint8Array, onSent, (before, go) =>
          afterConnecting(() => whenTaken(before, request, () => ask() && go())),
        );
      }
      if (!isWatched && !ask()) throw refusal;
      return body;
    },
  };

  function afterConnecting(next: () => void): void {
    if (isConnected) next();
    else whenConnected = next;
  }
}

/** Calls back when a connection is there, before a byte leaves by it. */
function onceConnected(socket: Duplex, connected: "connect" | "secureConnect", then: () => void): void {
  if (!isConnecting(socket)) return then();
  socket.cork();
  socket.once(connected, () => {
    then();
    socket.uncork();
  });
}

/** How often it is looked whether a slow link has taken what it was given, in milliseconds. */
const LOOK_MS = 5;

/**
 * Calls back when the system has taken all that was handed to a connection. A process that is stopped keeps what the system has not
 * taken, and would send it when it goes on.
 */
function whenTaken(body: Readable, request: ClientRequest | undefined, then: () => void): void {
  const look = (): void => {
    if (body.destroyed || request?.destroyed === true) return;
    if (body.readableLength === 0 && (request?.writableLength ?? 0) === 0) then();
    else clock.setTimeout(look, LOOK_MS);
  };
  // The block before is handed over in this turn.
  setImmediate(look);
}

/** How much of a body is handed to a connection at once, in bytes. A slow link takes so much in a few seconds. */
export const BLOCK_BYTES: number = 128 * 1024;

/** Hands a body to the connection block by block, tells of each block that was taken, and asks before the last one. */
export function heldBack(
  body: Uint8Array,
  onSent: ((bytes: number) => void) | undefined,
  last: ((before: Readable, go: () => void) => void) | undefined,
): Readable {
  const end = last === undefined ? body.byteLength : body.byteLength - HELD_BYTES;
  let at = 0;
  return new Readable({
    highWaterMark: BLOCK_BYTES,
    read() {
      if (at > 0) onSent?.(at);
      const push = (until: number): void => {
        const block = body.subarray(at, until);
        at = until;
        this.push(block.byteLength === 0 ? null : block);
      };
      if (at === end && last !== undefined && end < body.byteLength) last(this, () => push(body.byteLength));
      else push(Math.min(at + BLOCK_BYTES, at < end ? end : body.byteLength));
    },
  });
}

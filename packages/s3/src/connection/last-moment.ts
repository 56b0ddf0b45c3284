import { types } from "node:util";
import { RefusedError, clock, isConnecting } from "@stowage/core/provider";
import type { ClientRequest } from "node:http";
import { Readable, type Duplex } from "node:stream";

/** The maximum number of bytes of a body that are held back until the last moment. */
const HELD_BYTES = 64 * 1024;

/** The last moment of one request: the moment before the change that the request makes becomes visible. */
export interface LastMoment {
  /** Returns the caller's error if the caller refused the change, and otherwise `undefined`. */
  readonly refusal: () => RefusedError | undefined;
  /** Waits until a request has a connection. Until then, no byte of the request leaves this process. */
  readonly watch: (request: ClientRequest, connected: "connect" | "secureConnect") => void;
  /**
   * Returns the body of the request with its last bytes held back. A small body is sent as soon as there is a
   * connection.
   */
  readonly hold: (body: unknown, onSent: ((bytes: number) => void) | undefined) => unknown;
}

/** The options of {@link lastMoment}. */
interface Asked {
  /** Asks the caller for permission. Throws if the change must not be made. */
  readonly beforeCommit: () => void;
  /**
   * True if the connection belongs to this package. Otherwise the last moment comes when the request is passed to the
   * application's client.
   */
  readonly isWatched: boolean;
  /** Ends a request if its connection belongs to a client of the application. */
  readonly abort: () => void;
}

/** Makes the {@link LastMoment} of one request. */
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
      isSmall = !types.isUint8Array(body) || body.byteLength <= HELD_BYTES;
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

/** Calls back when a socket is connected, before a byte is sent through the socket. */
function onceConnected(socket: Duplex, connected: "connect" | "secureConnect", then: () => void): void {
  if (!isConnecting(socket)) return then();
  socket.cork();
  socket.once(connected, () => {
    then();
    socket.uncork();
  });
}

/** The interval, in milliseconds, at which this process checks whether a slow connection has taken its bytes. */
const LOOK_MS = 5;

/**
 * Calls back when the operating system has taken all bytes that were given to a connection. This matters if the process is
 * suspended: bytes that are still in the process would be sent after it resumes.
 */
function whenTaken(body: Readable, request: ClientRequest | undefined, then: () => void): void {
  const look = (): void => {
    if (body.destroyed || request?.destroyed === true) return;
    if (body.readableLength === 0 && (request?.writableLength ?? 0) === 0) then();
    else clock.setTimeout(look, LOOK_MS);
  };
  // The check waits for the next turn of the event loop. During this turn, the connection still passes on the previous
  // block.
  setImmediate(look);
}

/**
 * The size, in bytes, of the blocks in which a body is given to a connection. A slow connection takes one block in a
 * few seconds.
 */
export const BLOCK_BYTES: number = 128 * 1024;

/** The size, in bytes, up to which blocks grow while a connection takes each of them quickly. */
const BLOCK_BYTES_MAX = 512 * 1024;

/** The time, in milliseconds, in which a quick connection takes a block. */
const QUICK_MS = 50;

/** A stream of a body that is held back. */
export interface HeldBack extends Readable {
  /** Tells whether the last byte was given to the connection. From then on the server may act on the request. */
  readonly isGiven: () => boolean;
}

/**
 * Returns a stream that gives a body to the connection block by block. Reports each block that the connection has
 * taken. Asks the caller for permission before the last bytes are sent.
 */
export function heldBack(
  body: Uint8Array,
  onSent: ((bytes: number) => void) | undefined,
  last: ((before: Readable, go: () => void) => void) | undefined,
): HeldBack {
  const end = last === undefined ? body.byteLength : body.byteLength - HELD_BYTES;
  let at = 0;
  let size = BLOCK_BYTES;
  let givenAt = 0;
  const stream = new Readable({
    highWaterMark: BLOCK_BYTES,
    read() {
      if (at > 0) onSent?.(at);
      const now = clock.now();
      if (at > 0) size = now - givenAt < QUICK_MS ? Math.min(2 * size, BLOCK_BYTES_MAX) : BLOCK_BYTES;
      givenAt = now;
      const push = (until: number): void => {
        const block = body.subarray(at, until);
        at = until;
        this.push(block.byteLength === 0 ? null : block);
      };
      if (at === end && last !== undefined && end < body.byteLength) last(this, () => push(body.byteLength));
      else push(Math.min(at + size, at < end ? end : body.byteLength));
    },
  });
  return Object.assign(stream, { isGiven: () => at === body.byteLength });
}

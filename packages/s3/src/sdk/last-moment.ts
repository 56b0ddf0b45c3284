import { RefusedError, clock, isConnecting } from "@stowage/core/provider";
import type { ClientRequest } from "node:http";
import { Readable, type Duplex } from "node:stream";

/** The most bytes of a body that are held back until the last moment. */
const HELD_BYTES = 64 * 1024;

/** The last moment of one request. Before this moment no change of the request can be seen. */
export interface LastMoment {
  /** Returns the caller's refusal; `undefined` while the caller has not refused. */
  readonly refusal: () => RefusedError | undefined;
  /** Waits for the connection of a request. No byte leaves before there is a connection. */
  readonly watch: (request: ClientRequest, connected: "connect" | "secureConnect") => void;
  /**
   * Returns the body of the request with its last bytes held back. A small body leaves as soon as there is a
   * connection.
   */
  readonly hold: (body: unknown, onSent: ((bytes: number) => void) | undefined) => unknown;
}

/** The last moments of requests that are under way, by the headers of the requests. */
export const lastMoments: WeakMap<object, LastMoment> = new WeakMap();

/** The options of {@link lastMoment}. */
interface Asked {
  /** Asks the caller; throws when the change must not be made. */
  readonly beforeCommit: () => void;
  /** True when the connection belongs to this package. Otherwise the last moment is when the request is handed over. */
  readonly isWatched: boolean;
  /** Ends a request whose connection belongs to a client of the application. */
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

/** Calls back when a socket is connected, before a byte leaves through it. */
function onceConnected(socket: Duplex, connected: "connect" | "secureConnect", then: () => void): void {
  if (!isConnecting(socket)) return then();
  socket.cork();
  socket.once(connected, () => {
    then();
    socket.uncork();
  });
}

/** The interval at which this process looks whether a slow link has taken its bytes, in milliseconds. */
const LOOK_MS = 5;

/**
 * Calls back when the system has taken all bytes that were handed to a connection. A process that is suspended keeps
 * the bytes that the system has not taken, and would send them when it goes on.
 */
function whenTaken(body: Readable, request: ClientRequest | undefined, then: () => void): void {
  const look = (): void => {
    if (body.destroyed || request?.destroyed === true) return;
    if (body.readableLength === 0 && (request?.writableLength ?? 0) === 0) then();
    else clock.setTimeout(look, LOOK_MS);
  };
  // The previous block is handed over in this turn.
  setImmediate(look);
}

/**
 * The size of the blocks in which a body is handed to a connection, in bytes. A slow link takes one block in a few
 * seconds.
 */
export const BLOCK_BYTES: number = 128 * 1024;

/**
 * Returns a stream that hands a body to the connection block by block. Reports each block that was taken, and asks
 * before the last bytes.
 */
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

import { types } from "node:util";
import type { RefusedError } from "@stowage/core/provider";
import type { S3Call } from "../server/client.js";
import { BLOCK_BYTES, heldBack, lastMoment, type LastMoment } from "./last-moment.js";

/** The steps that are due while a request waits for its connection. */
interface RequestWatch {
  /** Called while the request waits. The calls stop if no request gets a connection for one second. */
  readonly onWait: (() => void) | undefined;
  readonly moment: LastMoment | undefined;
}

const WATCH = Symbol("stowage.watch");

interface Watched {
  readonly [WATCH]?: RequestWatch;
}

/** Returns the watch of the request with these headers, or `undefined` if the request has none. */
export function watchOf(headers: object): RequestWatch | undefined {
  return (headers as Watched)[WATCH];
}

/** A request that is watched. */
export interface WatchedRequest {
  /** Returns the body as it is sent. Called once. It may ask the caller, and then throws the caller's refusal. */
  readonly body: () => unknown;
  /** Returns the caller's error if the caller refused the change. */
  readonly refusal: (() => RefusedError | undefined) | undefined;
}

/**
 * Watches a request. Its body is sent as a stream that gives a large body to the connection block by block, and reports
 * each block that the connection has taken. If the request makes a change, its last bytes wait until the caller agrees.
 *
 * The watch belongs to the object that holds the request's headers, because the SDK passes nothing else on to an agent.
 * With a `WeakMap`, finished puts would stay in memory for some time, and the collection of garbage would take several
 * times as long.
 */
export function watch(
  headers: object,
  body: unknown,
  { onSent, beforeCommit }: Pick<S3Call, "onSent" | "beforeCommit">,
  { isWatched, abort }: { readonly isWatched: boolean; readonly abort: () => void },
): WatchedRequest {
  const moment = beforeCommit && lastMoment({ beforeCommit, isWatched, abort });
  if (moment === undefined && onSent === undefined) return { body: () => body, refusal: undefined };
  const own: RequestWatch = { onWait: onSent && (() => onSent(0)), moment };
  // A property that is not enumerable is not copied with the headers.
  Object.defineProperty(headers, WATCH, { value: own, configurable: true });
  if (moment !== undefined) return { body: () => moment.hold(body, onSent), refusal: moment.refusal };
  return { body: () => reported(body, onSent), refusal: undefined };
}

function reported(body: unknown, onSent: S3Call["onSent"]): unknown {
  if (onSent === undefined || !types.isUint8Array(body) || body.byteLength <= BLOCK_BYTES) return body;
  onSent(0);
  return heldBack(body, onSent, undefined);
}

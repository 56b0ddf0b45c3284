import type { LastMoment } from "./last-moment.js";

/** The steps that are due while a request waits for its connection. */
export interface RequestWatch {
  /** Called while the request waits. The calls stop if no request gets a connection for one second. */
  onWait?: () => void;
  moment?: LastMoment;
}

const WATCH = Symbol("stowage.watch");

interface Watched {
  readonly [WATCH]?: RequestWatch;
}

/**
 * Returns the watch of a request, and makes it if there is none. It belongs to the object that holds the request's
 * headers, because the SDK passes nothing else on to an agent. With a `WeakMap`, finished puts would stay in memory for
 * some time, and the collection of garbage would take several times as long.
 */
export function watchOf(headers: object): RequestWatch {
  const known = knownWatch(headers);
  if (known !== undefined) return known;
  const watch: RequestWatch = {};
  // A property that is not enumerable is not copied with the headers.
  Object.defineProperty(headers, WATCH, { value: watch });
  return watch;
}

/** Returns the watch of a request, or `undefined` if the request has none. */
export function knownWatch(headers: object): RequestWatch | undefined {
  return (headers as Watched)[WATCH];
}

import { Readable } from "node:stream";
import type { StorageError } from "../contract/errors.js";
import { sourceError, type SourceContext } from "./source-stream.js";
import { isListenedTo } from "./stream-watch.js";

/** Sources that were opened and can be read once, where they do not say so themselves. */
const opened = new WeakSet<object>();

/** Facts that streams of Node and of the Web, and messages, tell of themselves; each tells some of them. */
interface Readings {
  readonly locked?: unknown;
  readonly bodyUsed?: unknown;
  readonly destroyed?: unknown;
  readonly errored?: Error | null | undefined;
  readonly readableEnded?: unknown;
  readonly readableFlowing?: unknown;
  readonly listenerCount?: unknown;
  readonly truncated?: unknown;
}

/**
 * Checks that nobody has read from a source, and that nobody else is reading: what was read is not part of the object.
 *
 * @throws StorageError `SourceError`.
 */
export function assertUnread(source: object, context: SourceContext): void {
  const problem = readingOf(source, context);
  if (problem !== undefined) throw problem;
}

/** Checks as {@link assertUnread} does; from now on the source counts as read. */
export function markOpened(source: object, context: SourceContext): void {
  assertUnread(source, context);
  opened.add(source);
}

function readingOf(source: Readings, context: SourceContext): StorageError | undefined {
  if (source.errored) return sourceError("the source of the body failed", context, source.errored);
  if (wasRead(source)) {
    const cure = "give a body that nobody has read, or a function that returns a new one";
    return sourceError(`the body was read or closed before; ${cure}`, context);
  }
  if (source.locked === true) return sourceError("the stream is locked by another reader", context);
  if (!isReadByOthers(source)) return undefined;
  const cure = "let one of them read what the other passes on";
  return sourceError(`the stream is read by somebody else too, by pipe() or a listener; ${cure}`, context);
}

function wasRead(source: Readings): boolean {
  if (opened.has(source) || source.bodyUsed === true) return true;
  if (source.destroyed === true || source.readableEnded === true) return true;
  return Readable.isDisturbed(source as Readable);
}

/** Streams of Node only: a Web stream is locked. */
function isReadByOthers(source: Readings): boolean {
  if (source.readableFlowing === true) return true;
  if (source.readableFlowing === undefined || typeof source.listenerCount !== "function") return false;
  return isListenedTo(source as Pick<NodeJS.EventEmitter, "listenerCount">);
}

/**
 * Checks at the end of a source that it was not cut off: parsers of forms end a file at their limit as if it were
 * whole, and say so.
 *
 * @see https://github.com/mscdex/busboy#readme for `truncated`
 * @throws StorageError `SourceError`.
 */
export function assertNotCut(source: object, context: SourceContext): void {
  if ((source as Readings).truncated !== true) return;
  throw sourceError("the body was cut off at a limit of the parser of its form", context);
}

import { Readable } from "node:stream";
import type { StorageError } from "../contract/errors.js";
import { sourceError, type SourceContext } from "./source-stream.js";
import { isListenedTo } from "./stream-watch.js";

/** The sources that were opened and can be read only once. A source that reports its own state need not be in this set. */
const opened = new WeakSet<object>();

/** The facts that Node streams, Web streams and messages report about themselves. Each kind reports some of these facts. */
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
 * Checks that a source is unread and has no other reader. Bytes that were read elsewhere would be missing from the object.
 *
 * @throws StorageError `SourceError`.
 */
export function assertUnread(source: object, context: SourceContext): void {
  const problem = readingOf(source, context);
  if (problem !== undefined) throw problem;
}

/** Checks that a source is unread, as {@link assertUnread} does, and counts the source as read from now on. */
export function markOpened(source: object, context: SourceContext): void {
  assertUnread(source, context);
  opened.add(source);
}

function readingOf(source: Readings, context: SourceContext): StorageError | undefined {
  if (source.errored) return sourceError("the source of the body failed", context, source.errored);
  if (wasRead(source)) {
    const cure = "give an unread body, or a function that returns a new one";
    return sourceError(`the body was already read or closed; ${cure}`, context);
  }
  if (source.locked === true) return sourceError("a different reader has locked the stream", context);
  if (!isReadByOthers(source)) return undefined;
  const cure = "give a stream that has no other reader";
  return sourceError(`other code also reads the stream, with pipe() or a listener; ${cure}`, context);
}

function wasRead(source: Readings): boolean {
  if (opened.has(source) || source.bodyUsed === true) return true;
  if (source.destroyed === true || source.readableEnded === true) return true;
  return Readable.isDisturbed(source as Readable);
}

/** Tells whether other code reads a Node stream. A Web stream with another reader is locked, which is checked elsewhere. */
function isReadByOthers(source: Readings): boolean {
  if (source.readableFlowing === true) return true;
  if (source.readableFlowing === undefined || typeof source.listenerCount !== "function") return false;
  return isListenedTo(source as Pick<NodeJS.EventEmitter, "listenerCount">);
}

/**
 * Checks, at the end of a source, that the source was not cut off. When a file exceeds the limit of a form parser, the parser
 * ends the file normally and marks the file as truncated.
 *
 * @see https://github.com/mscdex/busboy#readme for `truncated`
 * @throws StorageError `SourceError`.
 */
export function assertNotCut(source: object, context: SourceContext): void {
  if ((source as Readings).truncated !== true) return;
  throw sourceError("the form parser cut the body off at one of its limits", context);
}

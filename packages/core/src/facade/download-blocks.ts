import { consume, linkedController } from "../kit/abort.js";
import { BlockWriter, type TargetFile } from "./block-writer.js";
import { StorageError, isStorageError } from "../contract/errors.js";
import { guardResult } from "../body/guard.js";
import type { ComposedGetOptions, ComposedProvider } from "../contract/composed-provider.js";
import type { GetResult } from "../contract/provider.js";
import type { DownloadOptions } from "./storage-options.js";
import type { ByteRange, ObjectInfo } from "../contract/object.js";

/** The size of a block, in bytes. A reader claims one block at a time. */
const BLOCK_BYTES = 8 * 1024 * 1024;

/** The number of parts of a large object that are read at once, unless the caller gives one. */
const CONCURRENCY = 8;

/** How often in a row a transfer may be cut without a further byte. */
const CUTS_MAX = 3;

/** How often the object may turn out to have changed. */
const CHANGES_MAX = 3;

/** The error for an object that is no longer the one of which a part is in the file. */
class Changed extends Error {}

/** The options of a download, and where the object was seen last. */
export type SeenDownload = DownloadOptions & Pick<ComposedGetOptions, "ref">;

/**
 * The transfer of an object into a file. One reader goes from the beginning to the end, and the others come from the end towards
 * it.
 */
interface Transfer {
  readonly provider: ComposedProvider;
  readonly key: string;
  readonly target: TargetFile;
  readonly options: SeenDownload;
  readonly stop: AbortController;
  readonly helpers: Promise<void>[];
  /** The facts of the object; known since the first answer. */
  info: ObjectInfo | undefined;
  /** The number of bytes that have come. */
  loaded: number;
  /** The end of the part that the first reader has claimed. */
  front: number;
  /** The start of the part that the other readers have claimed. */
  back: number;
}

/** Fills a file with an object. @returns The facts of the object that is in the file. */
export async function fillFile(
  provider: ComposedProvider,
  key: string,
  target: TargetFile,
  options: SeenDownload,
): Promise<ObjectInfo> {
  for (let changes = 0; ; changes++) {
    const { controller: stop, unlink } = linkedController(options.signal);
    const transfer: Transfer = {
      provider,
      key,
      target,
      options,
      stop,
      helpers: [],
      info: undefined,
      loaded: 0,
      front: 0,
      back: Number.POSITIVE_INFINITY,
    };
    try {
      return await run(transfer);
    } catch (error) {
      if (!(error instanceof Changed)) throw error;
      if (changes === CHANGES_MAX) throw error.cause;
      await target.file.truncate(0);
    } finally {
      unlink();
    }
  }
}

/** Runs one transfer to its end. No reader is at work any more when it settles. */
async function run(transfer: Transfer): Promise<ObjectInfo> {
  const { stop, helpers } = transfer;
  try {
    const info = await readFromFront(transfer);
    await Promise.all(helpers);
    // A reader that failed after the first reader was done is noticed only here.
    stop.signal.throwIfAborted();
    return info;
  } catch (error) {
    stop.abort(error);
    throw stop.signal.reason;
  } finally {
    await Promise.allSettled(helpers);
  }
}

/**
 * Reads from the beginning of the object: the work of the first reader. It asks for the whole object, and stops where another
 * reader has been.
 */
async function readFromFront(transfer: Transfer): Promise<ObjectInfo> {
  await readStretch(transfer, 0, {
    limit: (position) => {
      if (position >= transfer.front) transfer.front = Math.min(position + BLOCK_BYTES, transfer.back);
      return transfer.front;
    },
    range: (position) => (position === 0 ? undefined : { offset: position }),
  });
  return transfer.info as ObjectInfo;
}

/** Reads blocks from the end of the object until they meet those of the other readers. */
async function readFromBack(transfer: Transfer): Promise<void> {
  while (transfer.back > transfer.front) {
    const end = transfer.back;
    const offset = Math.max(transfer.front, end - BLOCK_BYTES);
    transfer.back = offset;
    await readStretch(transfer, offset, {
      limit: () => end,
      range: (position) => ({ offset: position, length: end - position }),
    });
  }
}

interface Stretch {
  /** Returns the place up to which a reader at `position` may go on; `position` itself when the reader is done. */
  readonly limit: (position: number) => number;
  /** Returns the range to ask for; `undefined` for the whole object. */
  readonly range: (position: number) => ByteRange | undefined;
}

/** Reads one stretch. When the transfer is cut it goes on where it was, as long as bytes come. */
async function readStretch(transfer: Transfer, from: number, stretch: Stretch): Promise<void> {
  let position = from;
  for (let cuts = 0; ; cuts++) {
    const result = await open(transfer, stretch.range(position));
    const before = position;
    const writer = new BlockWriter(transfer.target, position, (bytes) => countTaken(transfer, bytes));
    try {
      return await writeUpTo(transfer, result, writer, stretch);
    } catch (error) {
      if (writer.position > before) cuts = 0;
      if (!isStorageError(error) || !error.retryable || cuts >= CUTS_MAX) throw error;
      await writer.flush();
      position = await placeToGoOn(transfer, writer.position);
      if (stretch.limit(position) === position) return;
    }
  }
}

/** Returns the place from which a transfer goes on after it was cut. Without ranges that is the beginning. */
async function placeToGoOn(transfer: Transfer, position: number): Promise<number> {
  if (isResumable(transfer)) return position;
  await transfer.target.file.truncate(0);
  transfer.loaded = 0;
  transfer.front = 0;
  return 0;
}

function isResumable({ info, provider }: Transfer): boolean {
  return provider.supports.range && info?.etag !== undefined;
}

/** Opens the object. Once the object is known, opens only that same object, the whole or a part of it. */
async function open(transfer: Transfer, range: ByteRange | undefined): Promise<GetResult> {
  const { provider, key, options, stop, info } = transfer;
  const isAgain = isResumable(transfer);
  const ifMatch = isAgain ? info?.etag : options.ifMatch;
  const result = await provider
    .get(key, { signal: stop.signal, ifMatch, range, ref: options.ref })
    .catch((error: unknown) => {
      const isChange = isAgain && options.ifMatch === undefined;
      throw isChange && isStorageError(error, "PreconditionFailed")
        ? new Changed("", { cause: error })
        : error;
    });
  const guarded = guardResult(result, provider);
  if (range !== undefined && guarded.range === undefined) throw withoutRange(transfer, guarded);
  if (!isAgain) begin(transfer, guarded.info);
  return guarded;
}

function withoutRange({ provider, key }: Transfer, { body }: GetResult): StorageError {
  if (!(body instanceof Uint8Array)) body.destroy();
  const reason = "the provider sent the whole object instead of the range";
  return new StorageError("Integrity", reason, { operation: "download", provider: provider.name, key });
}

/** Begins the work of the other readers, which help with a large object. The size is known now. */
function begin(transfer: Transfer, info: ObjectInfo): void {
  const { options, helpers } = transfer;
  transfer.info = info;
  transfer.back = info.size;
  if (!isResumable(transfer)) return;
  const blocks = Math.ceil(info.size / BLOCK_BYTES);
  const helping = Math.min(options.concurrency ?? CONCURRENCY, blocks - 1) - 1;
  for (let helper = 0; helper < helping; helper++) {
    helpers.push(readFromBack(transfer).catch((error: unknown) => transfer.stop.abort(error)));
  }
}

function countTaken(transfer: Transfer, bytes: number): void {
  transfer.loaded += bytes;
  transfer.options.onProgress?.({ loaded: transfer.loaded, total: transfer.info?.size });
}

/** Writes a body to the file, and stops where its stretch ends. */
async function writeUpTo(
  { stop }: Transfer,
  { body }: GetResult,
  writer: BlockWriter,
  { limit }: Stretch,
): Promise<void> {
  const end = new Error("The stretch ends here");
  const take = (chunk: Uint8Array): Promise<void> | undefined => {
    const { position } = writer;
    const piece = chunk.subarray(0, limit(position) - position);
    const writing = writer.add(piece);
    if (piece.byteLength === chunk.byteLength) return writing;
    const rest = (): Promise<void> => takeAll(chunk.subarray(piece.byteLength));
    return writing === undefined ? rest() : writing.then(rest);
  };
  /** Takes a chunk that may reach over several blocks. */
  const takeAll = async (chunk: Uint8Array): Promise<void> => {
    if (limit(writer.position) === writer.position) throw end;
    await take(chunk);
  };
  try {
    if (body instanceof Uint8Array) await take(body);
    else await consume(body, stop.signal, take);
  } catch (error) {
    if (error !== end) throw error;
  }
  await writer.flush();
}

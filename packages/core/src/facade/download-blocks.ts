import { types } from "node:util";
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

/** The number of parts of a large object that are read at the same time, by default. */
const CONCURRENCY = 8;

/** The number of times in a row that a transfer may be cut off without receiving any byte. */
const CUTS_MAX = 3;

/** The number of times that a download may start again because the object has changed. */
const CHANGES_MAX = 3;

/** The error for an object that has changed during the download, after a part of the old bytes was written to the file. */
class Changed extends Error {}

/** The options of a download, and the ref under which the object was last seen. */
export type SeenDownload = DownloadOptions & Pick<ComposedGetOptions, "ref">;

/**
 * The transfer of an object into a file. One reader reads from the beginning towards the end. The other readers read blocks from
 * the end towards the beginning.
 */
interface Transfer {
  readonly provider: ComposedProvider;
  readonly key: string;
  readonly target: TargetFile;
  readonly options: SeenDownload;
  readonly stop: AbortController;
  readonly helpers: Promise<void>[];
  /** The facts of the object; `undefined` until the first answer. */
  info: ObjectInfo | undefined;
  /** The number of bytes that have arrived. */
  loaded: number;
  /** The end of the part that the first reader has claimed. */
  front: number;
  /** The start of the part that the other readers have claimed. */
  back: number;
}

/** Writes an object into an open file. @returns The facts of the object that is in the file. */
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

/** Runs one transfer to its end. When the promise settles, all readers have stopped. */
async function run(transfer: Transfer): Promise<ObjectInfo> {
  const { stop, helpers } = transfer;
  try {
    const info = await readFromFront(transfer);
    await Promise.all(helpers);
    // If a reader fails after the first reader has finished, the failure is noticed only here.
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
 * Reads from the beginning of the object, as the first reader. This reader requests the whole object, and stops when it reaches
 * the blocks of another reader.
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

/** Reads blocks from the end of the object, until all blocks are claimed by readers. */
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
  /** Returns the position up to which a reader at `position` may continue. Returns `position` itself if the reader is done. */
  readonly limit: (position: number) => number;
  /** Returns the range to request; `undefined` for the whole object. */
  readonly range: (position: number) => ByteRange | undefined;
}

/** Reads one part of the object. When the transfer is cut off, it continues where it stopped, as long as new bytes arrive. */
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

/**
 * Returns the position from which a transfer continues after it was cut off. If the provider has no ranges or the
 * object has no ETag, the transfer continues from the beginning.
 */
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

/** Opens the object. After the first answer, the object is opened again only if its ETag is still the same. */
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
  if (!types.isUint8Array(body)) body.destroy();
  const reason = "the provider sent the whole object instead of the range";
  return new StorageError("Integrity", reason, { operation: "download", provider: provider.name, key });
}

/** Starts the other readers, which help with a large object. The size of the object is known at this point. */
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

/** Writes a body to the file, and stops at the end of the part. */
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
  /** Writes a chunk that may span several blocks. */
  const takeAll = async (chunk: Uint8Array): Promise<void> => {
    if (limit(writer.position) === writer.position) throw end;
    await take(chunk);
  };
  try {
    if (types.isUint8Array(body)) await take(body);
    else await consume(body, stop.signal, take);
  } catch (error) {
    if (error !== end) throw error;
  }
  await writer.flush();
}

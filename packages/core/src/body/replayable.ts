import type { Readable } from "node:stream";
import type { Body } from "../contract/provider.js";
import { PulledStream, sourceError, sourceRules, type SourceContext } from "./source-stream.js";
import { createSpoolFile, type SpoolFile } from "./spool-file.js";
import type { OptionNames } from "../kit/options.js";

/** The options of `replayable`: how many bytes of a body are kept, and in which folder. */
export interface ReplayableOptions {
  /**
   * The maximum number of bytes that are kept in memory. Longer bodies use a temporary file.
   *
   * @default 1 MiB
   */
  readonly memoryBytes?: number | undefined;
  /**
   * The maximum number of bytes that are kept, in memory and in the file together. A longer body passes through, but cannot be
   * read again.
   *
   * @default 5 GiB
   */
  readonly maxBytes?: number | undefined;
  /**
   * The folder of the temporary file.
   *
   * @default the system's first temporary folder that is on a disk and not in memory
   */
  readonly directory?: string | undefined;
}

/** The names of the options of `replayable`. */
export const REPLAYABLE_OPTIONS: OptionNames<ReplayableOptions> = {
  memoryBytes: true,
  maxBytes: true,
  directory: true,
};

/** A body that can be read again, together with the memory or file that makes this possible. */
export interface ReplayableBody extends Body {
  /** Releases the source and the temporary file. Called one time, when the body is no longer being read. */
  readonly release: () => Promise<void>;
}

const MEMORY_BYTES = 1024 * 1024;
const MAX_BYTES = 5 * 1024 ** 3;
const READ_BYTES = 1024 * 1024;

/**
 * Makes a one-shot body readable again. The first reading streams directly from the source. The bytes that pass are
 * kept in memory at first, then in a private temporary file. A later reading starts with the kept bytes and continues
 * with the source. So the whole body can be sent again after a failed try.
 *
 * A body that can already be read again is returned unchanged. After `maxBytes`, or when the disk is full, the current reading
 * continues, and `replayable` is false from then on.
 */
export function replayable(
  body: Body,
  options: ReplayableOptions = {},
  context?: SourceContext,
): ReplayableBody {
  if (body.replayable) return { ...body, release: async () => {} };
  const spool = createSpool(body, options, context ?? { provider: "source" });
  return {
    size: body.size,
    get replayable() {
      return spool.complete();
    },
    open: (range) => {
      if (range !== undefined) throw sourceError("a stream cannot be read from an offset", spool.context);
      return spool.reader();
    },
    release: () => spool.release(),
  };
}

interface Spool {
  readonly context: SourceContext;
  /** Tells whether all bytes that were read so far are still kept. */
  readonly complete: () => boolean;
  readonly reader: () => Readable;
  readonly release: () => Promise<void>;
}

interface SpoolState {
  readonly body: Body;
  readonly context: SourceContext;
  readonly memoryBytes: number;
  readonly maxBytes: number;
  readonly directory: string | undefined;
  memory: Buffer;
  file: SpoolFile | undefined;
  kept: number;
  read: number;
  lost: boolean;
  ended: boolean;
  /**
   * The error with which the source ended. The error is kept because a failed stream reports a normal end when it is read again.
   */
  failure: { readonly error: unknown } | undefined;
  source: AsyncIterator<Uint8Array> | undefined;
  stream: Readable | undefined;
  pulling: Promise<Uint8Array | undefined> | undefined;
}

function createSpool(body: Body, options: ReplayableOptions, context: SourceContext): Spool {
  const state: SpoolState = {
    body,
    context,
    memoryBytes: options.memoryBytes ?? MEMORY_BYTES,
    maxBytes: options.maxBytes ?? MAX_BYTES,
    directory: options.directory,
    memory: Buffer.alloc(0),
    file: undefined,
    kept: 0,
    read: 0,
    lost: false,
    ended: false,
    failure: undefined,
    source: undefined,
    stream: undefined,
    pulling: undefined,
  };
  return {
    context,
    complete: () => !state.lost,
    reader: () => {
      let position = 0;
      const next = async (): Promise<IteratorResult<unknown, unknown>> => {
        const chunk = await chunkAt(state, position);
        if (chunk === undefined) return { done: true, value: undefined };
        position += chunk.byteLength;
        return { done: false, value: chunk };
      };
      return new PulledStream({ next, cancel: () => {} }, sourceRules(body.size, context));
    },
    release: async () => {
      state.lost = true;
      state.failure ??= { error: sourceError("the body was released", context) };
      if (!state.ended) state.stream?.destroy();
      await state.pulling?.catch(() => {});
      await state.file?.close();
      state.memory = Buffer.alloc(0);
    },
  };
}

async function chunkAt(state: SpoolState, position: number): Promise<Uint8Array | undefined> {
  if (position < state.read) {
    if (state.lost)
      throw sourceError("the body was too long to be kept and cannot be read again", state.context);
    return await readKept(state, position);
  }
  if (state.ended) return undefined;
  if (state.failure !== undefined) throw state.failure.error;
  state.pulling ??= pull(state).finally(() => (state.pulling = undefined));
  return await state.pulling;
}

async function readKept(state: SpoolState, position: number): Promise<Uint8Array> {
  if (state.file === undefined) return state.memory.subarray(position, state.kept);
  return await state.file.read(position, Math.min(READ_BYTES, state.kept - position));
}

async function pull(state: SpoolState): Promise<Uint8Array | undefined> {
  if (state.source === undefined) {
    state.stream = state.body.open();
    state.source = state.stream[Symbol.asyncIterator]();
  }
  const { done, value } = await askSource(state.source, state);
  if (done === true) {
    state.ended = true;
    return undefined;
  }
  if (!state.lost) await keep(state, value);
  state.read += value.byteLength;
  return value;
}

async function askSource(
  source: AsyncIterator<Uint8Array>,
  state: SpoolState,
): Promise<IteratorResult<Uint8Array, unknown>> {
  try {
    return await source.next();
  } catch (error) {
    state.failure ??= { error };
    throw error;
  }
}

async function keep(state: SpoolState, chunk: Uint8Array): Promise<void> {
  const total = state.kept + chunk.byteLength;
  if (total > state.maxBytes) return await lose(state);
  try {
    if (state.file === undefined && total <= state.memoryBytes) keepInMemory(state, chunk, total);
    else await keepInFile(state, chunk);
    state.kept = total;
  } catch {
    // The bytes cannot be kept: the disk may be full, no file descriptor may be free, or every temporary folder may be in memory.
    // The transfer itself continues without the kept bytes.
    await lose(state);
  }
}

function keepInMemory(state: SpoolState, chunk: Uint8Array, total: number): void {
  if (total > state.memory.byteLength) {
    const grown = Buffer.allocUnsafe(Math.min(state.memoryBytes, Math.max(total * 2, 64 * 1024)));
    state.memory.copy(grown, 0, 0, state.kept);
    state.memory = grown;
  }
  state.memory.set(chunk, state.kept);
}

async function keepInFile(state: SpoolState, chunk: Uint8Array): Promise<void> {
  if (state.file === undefined) {
    state.file = await createSpoolFile(state.directory);
    await state.file.write(state.memory.subarray(0, state.kept), 0);
    state.memory = Buffer.alloc(0);
  }
  await state.file.write(chunk, state.kept);
}

async function lose(state: SpoolState): Promise<void> {
  state.lost = true;
  state.memory = Buffer.alloc(0);
  await state.file?.close();
  state.file = undefined;
}

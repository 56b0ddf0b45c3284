import { consume } from "../kit/abort.js";
import { contentTypeOf } from "../contract/content-type.js";
import { unpackKeyCursor } from "../kit/cursor.js";
import { StorageError, type Operation, type StorageErrorCode } from "../contract/errors.js";
import { compareKeys, keyProblem } from "../contract/key.js";
import { PageBuilder, listEntry } from "../kit/page.js";
import type { Body, GetResult, ListPage, StorageProvider } from "../contract/provider.js";
import { resolveRange } from "../contract/range.js";
import { SUPPORTS_ALL } from "../contract/supports.js";
import { decodeKeyPath, encodeKeyPath } from "../kit/ref.js";
import type {
  CopyOptions,
  DeleteOptions,
  GetOptions,
  HeadOptions,
  ListOptions,
  PutOptions,
} from "../contract/call-options.js";
import { headersOf, type Located, type ObjectInfo } from "../contract/object.js";
import { knownNames, anyText } from "../kit/options.js";
import { etagProblem } from "../kit/etag-problem.js";

/** The options of {@link memory}. */
export interface MemoryOptions {
  /**
   * The provider's name in errors, logs and composers.
   *
   * @default `"memory"`
   */
  readonly name?: string | undefined;
}

interface Stored {
  readonly bytes: Uint8Array;
  readonly info: ObjectInfo;
}

interface Memory {
  readonly name: string;
  readonly objects: Map<string, Stored>;
  /** The keys in listing order. The list is dropped when a key is added or removed. */
  sorted: readonly string[] | undefined;
  writes: number;
}

/**
 * Makes a provider that keeps objects in the memory of this process. The provider is the reference implementation of
 * the contract, and is for tests and experiments.
 *
 * The provider supports every feature of the contract exactly. All objects are lost when the process ends.
 */
export function memory(options: MemoryOptions = {}): StorageProvider {
  knownNames("memory", options, { name: true });
  const name = anyText("memory", "name", options.name ?? "memory", "the name of a provider");
  const state: Memory = { name, objects: new Map(), sorted: undefined, writes: 0 };
  return {
    name: state.name,
    supports: SUPPORTS_ALL,
    put: (key, body, call) => put(state, key, body, call),
    get: (key, call) => get(state, key, call),
    head: (key, call) => head(state, key, call),
    delete: (key, call) => remove(state, key, call),
    list: (call) => list(state, call),
    ref: (key) => refOf(state, key),
    locate: (text) => locate(state, text),
    copy: (from, to, call) => copy(state, from, to, call),
    move: (from, to, call) => move(state, from, to, call),
    deleteMany: async (keys, call) => {
      call.signal?.throwIfAborted();
      for (const key of keys) drop(state, key);
      return [];
    },
    describe: () => ({ kind: "provider", type: "memory", name: state.name }),
  };
}

async function put(state: Memory, key: string, body: Body, options: PutOptions): Promise<ObjectInfo> {
  options.signal?.throwIfAborted();
  assertConditions(state, key, options, "put");
  const bytes = await readBody(body, options);
  const contentType = options.contentType ?? (await contentTypeOf(key));
  options.signal?.throwIfAborted();
  assertConditions(state, key, options, "put");
  options.beforeCommit?.();
  return store(state, key, bytes, { ...factsOf(options), contentType });
}

async function readBody(body: Body, { signal, onProgress }: PutOptions): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let loaded = 0;
  if (body.bytes !== undefined) chunks.push(body.bytes);
  else {
    await consume(body.open(), signal, (chunk) => {
      chunks.push(Uint8Array.from(chunk));
      loaded += chunk.byteLength;
      onProgress?.({ loaded, total: body.size });
    });
  }
  const bytes = Uint8Array.from(Buffer.concat(chunks));
  if (loaded !== bytes.byteLength || loaded === 0) {
    onProgress?.({ loaded: bytes.byteLength, total: bytes.byteLength });
  }
  return bytes;
}

type Facts = Partial<Omit<ObjectInfo, "key" | "size" | "provider" | "ref">>;

function factsOf(options: PutOptions): Facts {
  const { metadata, writeId } = options;
  const empty = metadata === undefined || Object.keys(metadata).length === 0;
  return { ...headersOf(options), writeId, metadata: empty ? undefined : { ...metadata } };
}

/** Copies the facts of an object for a caller, because the caller may change them. */
function copyOf(info: ObjectInfo): ObjectInfo {
  const { metadata, lastModified } = info;
  return {
    ...info,
    ...(lastModified !== undefined && { lastModified: new Date(lastModified) }),
    ...(metadata !== undefined && { metadata: { ...metadata } }),
  };
}

function store(state: Memory, key: string, bytes: Uint8Array, facts: Facts): ObjectInfo {
  const info: ObjectInfo = {
    ...facts,
    key,
    size: bytes.byteLength,
    etag: `"${(++state.writes).toString(16)}"`,
    lastModified: new Date(),
    provider: state.name,
    ref: refOf(state, key),
  };
  if (!state.objects.has(key)) state.sorted = undefined;
  state.objects.set(key, { bytes, info });
  return copyOf(info);
}

function assertConditions(
  state: Memory,
  key: string,
  options: PutOptions | CopyOptions,
  operation: Operation,
): void {
  const old = state.objects.get(key);
  if (options.ifNoneMatch === "*" && old !== undefined) {
    throw failure(state, "AlreadyExists", "the key already has an object", operation, key);
  }
  const ifMatch = "ifMatch" in options ? options.ifMatch : undefined;
  if (ifMatch === undefined || ifMatch === old?.info.etag) return;
  throw failure(state, "PreconditionFailed", etagProblem(old?.info.etag, ifMatch), operation, key);
}

function failure(
  state: Memory,
  code: StorageErrorCode,
  reason: string,
  operation: Operation,
  key: string,
): StorageError {
  return new StorageError(code, reason, { operation, provider: state.name, key });
}

function find(state: Memory, key: string, operation: Operation): Stored {
  const stored = state.objects.get(key);
  if (stored === undefined) throw failure(state, "NotFound", "there is no such object", operation, key);
  return stored;
}

async function get(state: Memory, key: string, options: GetOptions): Promise<GetResult> {
  options.signal?.throwIfAborted();
  const { bytes, info } = find(state, key, "get");
  if (options.ifMatch !== undefined && options.ifMatch !== info.etag) {
    const reason = etagProblem(info.etag, options.ifMatch);
    throw failure(state, "PreconditionFailed", reason, "get", key);
  }
  if (options.range === undefined) return { info: copyOf(info), body: bytes.slice() };
  const range = resolveRange(options.range, info.size, { key, provider: state.name });
  return { info: copyOf(info), range, body: bytes.slice(range.offset, range.offset + range.length) };
}

async function head(state: Memory, key: string, options: HeadOptions): Promise<ObjectInfo> {
  options.signal?.throwIfAborted();
  return copyOf(find(state, key, "head").info);
}

async function remove(state: Memory, key: string, options: DeleteOptions): Promise<void> {
  options.signal?.throwIfAborted();
  const etag = state.objects.get(key)?.info.etag;
  if (options.ifMatch !== undefined && etag !== undefined && etag !== options.ifMatch) {
    const reason = etagProblem(etag, options.ifMatch);
    throw failure(state, "PreconditionFailed", reason, "delete", key);
  }
  options.beforeCommit?.();
  drop(state, key);
}

function drop(state: Memory, key: string): void {
  if (state.objects.delete(key)) state.sorted = undefined;
}

async function copy(
  state: Memory,
  from: string,
  to: string,
  options: CopyOptions,
  operation: "copy" | "move" = "copy",
): Promise<ObjectInfo> {
  options.signal?.throwIfAborted();
  const { sourceIfMatch: ifMatch, writeId } = options;
  const { bytes, info } = find(state, from, operation);
  assertConditions(state, from, { ifMatch }, operation);
  assertConditions(state, to, options, operation);
  options.beforeCommit?.();
  return store(state, to, bytes, { ...headersOf(info), metadata: info.metadata, writeId });
}

async function move(state: Memory, from: string, to: string, options: CopyOptions): Promise<ObjectInfo> {
  const { etag } = find(state, from, "move").info;
  const info = await copy(state, from, to, options, "move");
  if (state.objects.get(from)?.info.etag === etag) drop(state, from);
  return info;
}

async function list(state: Memory, options: ListOptions): Promise<ListPage> {
  options.signal?.throwIfAborted();
  const { prefix = "" } = options;
  const after = unpackKeyCursor(options, state.name);
  const page = new PageBuilder(options, after);
  const sorted = (state.sorted ??= [...state.objects.keys()].sort(compareKeys));
  const start = after !== undefined && compareKeys(after, prefix) > 0 ? after : prefix;
  for (let index = indexFrom(sorted, start); index < sorted.length; index++) {
    const key = sorted[index] as string;
    if (!key.startsWith(prefix)) break;
    const entry = listEntry(key, options);
    if (!page.wants(entry)) continue;
    if (!page.add(entry, entry === key ? copyOf(find(state, key, "list").info) : undefined)) break;
  }
  return page.build();
}

/** Returns the index of the first key that is not before `start`. */
function indexFrom(sorted: readonly string[], start: string): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareKeys(sorted[middle] as string, start) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function refOf(state: Memory, key: string): string {
  return `memory://${encodeURIComponent(state.name)}/${encodeKeyPath(key)}`;
}

function locate(state: Memory, text: string): Located | undefined {
  const start = refOf(state, "");
  const key = text.startsWith(start) ? decodeKeyPath(text.slice(start.length)) : undefined;
  if (key === undefined || keyProblem(key) !== undefined) return undefined;
  return { key, provider: state.name, ref: refOf(state, key) };
}

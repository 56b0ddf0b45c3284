import {
  assertPut,
  contentTypeOf,
  fromFile,
  type ObjectHeaders,
  safeListener,
  isStorageError,
  knownNames,
  nonEmptyText,
  toBody,
  type Body,
  type CallOptions,
  type ObjectInfo,
  type OptionNames,
  type PutOptions,
  type StorageProvider,
} from "@stowage/core/provider";
import { randomUUID } from "node:crypto";
import type { ArrivedPart, ObjectFields } from "../server/client.js";
import { fromHeaders, toFields } from "../server/facts.js";
import { beginUpload } from "./begin.js";
import { abandon, isUploadGone } from "./created-upload.js";
import { OWN } from "../own-provider.js";
import { finishParts, startPart, uploading } from "./part-upload.js";
import { partSizeFor } from "./parts.js";
import {
  assertSame,
  assertState,
  sourceFacts,
  type ResumableState,
  type SourceFacts,
} from "./resumable-state.js";
import { ask, infoOf, type Store } from "../store.js";
import { timedStore } from "../server/timed-client.js";
import { partOfFile, uploadBody } from "./upload.js";
import type { Upload, Write } from "./write.js";

/** The options of {@link resumableUpload}. */
export interface ResumableUploadOptions
  extends CallOptions, ObjectHeaders, Pick<PutOptions, "metadata" | "onProgress"> {
  /** The path of the file. The file must not change before the upload is finished. */
  readonly path: string;
  /**
   * The state that `onState` received when the upload began.
   *
   * @default none: a new upload begins
   */
  readonly state?: ResumableState | undefined;
  /**
   * Receives the state before the first part is sent. The state is plain JSON. Keep it until the upload is finished.
   * The upload waits for the returned promise. If the promise rejects, the upload goes on. But if the upload then
   * fails, it cannot be continued later.
   *
   * @default none
   */
  readonly onState?: ((state: ResumableState) => void | Promise<void>) | undefined;
}

const RESUMABLE_OPTIONS: OptionNames<ResumableUploadOptions> = {
  signal: true,
  onEvent: true,
  contentType: true,
  contentEncoding: true,
  contentLanguage: true,
  cacheControl: true,
  contentDisposition: true,
  metadata: true,
  onProgress: true,
  path: true,
  state: true,
  onState: true,
};

/**
 * Uploads a large file so that a later process can continue the upload. Parts that have arrived are not sent again.
 *
 * If the call rejects, the parts that have arrived stay on the server. Call the function again with the same `path` and
 * the `state`, or give up with {@link abortResumableUpload}. If the upload was finished just before the process ended,
 * the next call notices this. If the server has removed the upload in the meantime, a new upload begins, and `onState`
 * is called again. A file that fits into one part is sent in one request, without a state.
 *
 * @param provider - A provider that `s3()` returned.
 * @returns The facts of the object, as a put returns them.
 * @throws TypeError for a provider that `s3()` did not return, and for a value that is not a state.
 * @throws StorageError `SourceError` if the file cannot be read or has changed; `InvalidArgument` for the state of a different
 * key; also every error that a put throws.
 * @example
 * ```ts
 * const saved = await readFile("upload.json", "utf8").then(JSON.parse, () => undefined);
 * await resumableUpload(provider, "films/1.mp4", {
 *   path: "./1.mp4",
 *   state: saved,
 *   onState: (state) => writeFile("upload.json", JSON.stringify(state)),
 * });
 * await rm("upload.json", { force: true });
 * ```
 */
export async function resumableUpload(
  provider: StorageProvider,
  key: string,
  options: ResumableUploadOptions,
): Promise<ObjectInfo> {
  const { store: untimed, keyPrefix } = OWN.require(provider, "resumableUpload");
  const store = timedStore(untimed);
  knownNames("resumableUpload", options, RESUMABLE_OPTIONS);
  nonEmptyText("resumableUpload", "path", options.path, "the path of a file");
  assertPut(provider, key, options);
  const { signal, path, state } = options;
  signal?.throwIfAborted();
  const whole = keyPrefix + key;
  const source = await sourceFacts(store, whole, path);
  if (state !== undefined) {
    assertState(store, whole, state);
    assertSame(store, whole, state.source, source);
  }
  const job: Job = { store, key: whole, source, options, ...(await findBegun(store, state, signal)) };
  const info = job.finished ?? (await send(job));
  return { ...info, key };
}

/**
 * Gives up an upload, and removes the parts that have arrived.
 *
 * @param state - The state that `onState` received.
 */
export async function abortResumableUpload(provider: StorageProvider, state: ResumableState): Promise<void> {
  const { store } = OWN.require(provider, "abortResumableUpload");
  const { key, uploadId } = state;
  assertState(store, key, state);
  await abandon({ store, uploadId, write: { key, operation: "put" } });
}

interface Job extends Begun {
  readonly store: Store;
  readonly key: string;
  readonly source: SourceFacts;
  readonly options: ResumableUploadOptions;
}

/** The work that an earlier process has done. */
interface Begun {
  readonly state?: ResumableState | undefined;
  readonly arrived?: readonly ArrivedPart[] | undefined;
  readonly finished?: ObjectInfo | undefined;
}

async function findBegun(
  store: Store,
  state: ResumableState | undefined,
  signal: AbortSignal | undefined,
): Promise<Begun> {
  if (state === undefined) return {};
  const { key, uploadId } = state;
  const attempted = { operation: "put", key, signal, action: "s3:ListMultipartUploadParts" } as const;
  const list = (): Promise<readonly ArrivedPart[]> => store.client.listParts({ key, uploadId }, { signal });
  try {
    return { state, arrived: await ask(store, attempted, list) };
  } catch (error) {
    if (!isUploadGone(error)) throw error;
    return { finished: await findFinished(store, state, signal) };
  }
}

/** Finds the object if an earlier process has completed the upload, but ended before it could report this. */
async function findFinished(
  store: Store,
  { key, writeId }: ResumableState,
  signal: AbortSignal | undefined,
): Promise<ObjectInfo | undefined> {
  const attempted = { operation: "put", key, signal, action: "s3:GetObject" } as const;
  const head = ask(store, attempted, () => store.client.headObject({ key }, { signal }));
  const found = await head.catch((error: unknown) => {
    if (isStorageError(error, "NotFound")) return undefined;
    throw error;
  });
  if (found === undefined || fromHeaders(found.metadata).writeId !== writeId) return undefined;
  return infoOf(store, key, found);
}

async function send(job: Job): Promise<ObjectInfo> {
  const { store, key, source, options } = job;
  const { signal, onProgress, path } = options;
  const writeId = job.state?.writeId ?? randomUUID();
  const contentType = options.contentType ?? (await contentTypeOf(key));
  const fields: ObjectFields = toFields({ ...options, writeId }, contentType, store.objects.contentEncoding);
  const write: Write = {
    operation: "put",
    key,
    fields,
    conditions: {},
    options: { signal, onProgress: safeListener(onProgress) },
  };
  const body = await toBody(fromFile(path), { size: source.size, key, provider: store.name });
  const partSizeBytes = job.state?.partSizeBytes ?? partSizeFor(source.size, store.partSizeBytes);
  // Parts are kept only if the upload can be continued later.
  const keeps = job.state !== undefined || options.onState !== undefined;
  const shape = { size: source.size, partSizeBytes, keeps };
  const { answer } =
    source.size <= partSizeBytes
      ? await uploadBody(store, write, body)
      : await uploading(store, write, shape, (upload) => sendMissing(upload, body, { ...job, writeId }));
  return infoOf(store, key, { ...fields, size: source.size, ...answer });
}

/** Sends the parts that have not arrived, and completes the upload. */
async function sendMissing(
  upload: Upload,
  body: Body,
  { store, key, source, options, state, arrived = [], writeId }: Job & { readonly writeId: string },
): ReturnType<typeof finishParts> {
  const { partSizeBytes } = upload;
  if (state === undefined) {
    const uploadId = await beginUpload(upload);
    const begun = {
      version: 1,
      bucket: store.bucket,
      key,
      uploadId,
      writeId,
      partSizeBytes,
      source,
    } as const;
    await tellState(upload, begun, options);
  } else {
    upload.uploadId = state.uploadId;
    store.uploads.add(state.uploadId);
  }
  for (const part of arrived) takeArrived(upload, part, source.size);
  for (let number = 1; (number - 1) * partSizeBytes < source.size; number++) {
    if (upload.parts[number - 1] !== undefined) continue;
    const range = rangeOf(number, partSizeBytes, source.size);
    await startPart(upload, { ...partOfFile(upload, body, range), number });
  }
  await Promise.all(upload.running);
  upload.stop.signal.throwIfAborted();
  await assertUnchanged(upload, options.path, source);
  return await finishParts(upload);
}

/**
 * Gives the state to `onState`. If `onState` fails, the upload goes on. If the upload fails later, its parts are
 * removed.
 */
async function tellState(
  upload: Upload,
  state: ResumableState,
  { onState }: ResumableUploadOptions,
): Promise<void> {
  try {
    await onState?.(state);
  } catch {
    upload.keeps = false;
  }
}

function takeArrived(upload: Upload, { partNumber, size, etag, digest }: ArrivedPart, total: number): void {
  const { length } = rangeOf(partNumber, upload.partSizeBytes, total);
  if (size !== length) return;
  upload.parts[partNumber - 1] = { etag, digest };
  upload.loaded += size;
  upload.progress.found(size);
}

function rangeOf(
  partNumber: number,
  partSizeBytes: number,
  size: number,
): { readonly offset: number; readonly length: number } {
  const offset = (partNumber - 1) * partSizeBytes;
  return { offset, length: Math.min(partSizeBytes, size - offset) };
}

/**
 * Checks that the file has not changed. Removes the upload of a changed file, because the object would otherwise be a
 * mixture of two versions of the file.
 */
async function assertUnchanged(upload: Upload, path: string, source: SourceFacts): Promise<void> {
  const { store, write } = upload;
  try {
    assertSame(store, write.key, source, await sourceFacts(store, write.key, path));
  } catch (error) {
    await abandon(upload, { isMoving: false });
    throw error;
  }
}

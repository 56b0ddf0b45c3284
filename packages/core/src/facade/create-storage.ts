import { createController } from "../kit/clock.js";
import { closeCalls, runCall, type Calls } from "./calls.js";
import { checkCopy, checkDelete, checkDownload, checkKey, checkList, checkPut } from "./check.js";
import { copyObject, moveObject } from "./copy-object.js";
import { deleteEach, deleteUnder } from "./delete-many.js";
import { downloadObject } from "./download.js";
import { StorageError } from "../contract/errors.js";
import { healthOf } from "../kit/health.js";
import { verifyStorage } from "./verify.js";
import { describeProvider } from "../wrap/intercept.js";
import { hasLimits } from "../wrap/policies.js";
import { assertPrefix } from "../contract/key.js";
import type { ListPage, StorageProvider } from "../contract/provider.js";
import { startRepairWorker, type RepairWorker } from "./repair-worker.js";
import { linksOf, publicUrl, required, signedUrl } from "./storage-links.js";
import { createObjectWriter } from "./object-writer.js";
import { findObject, getObject, headObject, seenAt } from "./read-object.js";
import { putObject, type Putting } from "./put-object.js";
import { putDirectory } from "./put-directory.js";
import { putMany } from "./put-many.js";
import type { Deleted, FileStorage, StoredAt } from "./storage.js";
import type { StorageEvent } from "../contract/event.js";
import type { ListOptions } from "../contract/call-options.js";
import type { Located, ObjectInfo } from "../contract/object.js";
import type {
  DownloadOptions,
  RepairOptions,
  StorageCopyOptions,
  StorageListOptions,
  StorageOptions,
} from "./storage-options.js";
import { withPolicies } from "../wrap/with-policies.js";
import { safeListener } from "../kit/listener.js";
import { anyText, wholeNumber } from "../kit/options.js";
import { checkNames, type VerbOptions } from "./option-names.js";

const SOURCE_IDLE_MS = 30_000;
const CLOSE_GRACE_MS = 10_000;

/**
 * Makes a {@link FileStorage} from a provider.
 *
 * A bare provider is wrapped in `retry` and `timeout`. A provider that already has retries, such as a composer, is used
 * unchanged, so that there is only one layer of retries.
 *
 * @example
 * ```ts
 * const storage = createStorage(memory());
 * await storage.put("reports/2026.csv", "a,b\n1,2\n");
 * await (await storage.get("reports/2026.csv")).text(); // "a,b\n1,2\n"
 * ```
 */
export function createStorage(provider: StorageProvider, options: StorageOptions = {}): FileStorage {
  checkNames("createStorage", options);
  const closing = createController();
  const wrapped = withPolicies(provider, options);
  const storage: Putting = {
    provider: wrapped,
    hasLimits: hasLimits(describeProvider(wrapped)),
    onEvent: safeListener(options.onEvent),
    closing,
    running: 0,
    onIdle: undefined,
    bodies: new Set(),
    closed: false,
    unreadMs:
      options.unreadMs === undefined ? undefined : wholeNumber("createStorage", "unreadMs", options.unreadMs),
    sourceIdleMs: wholeNumber("createStorage", "sourceIdleMs", options.sourceIdleMs ?? SOURCE_IDLE_MS),
  };
  return facade(storage);
}

function facade(storage: Putting): FileStorage {
  const { provider } = storage;
  const self: FileStorage = {
    provider,
    put: (key, body, options = {}) => putObject(storage, key, body, options),
    get: (key, options = {}) => getObject(storage, key, options),
    head: (key, options = {}) => headObject(storage, key, options),
    find: (key, options = {}) => findObject(storage, "find", key, options),
    exists: async (key, options = {}) => (await findObject(storage, "exists", key, options)) !== undefined,
    writer: (key, options = {}) => createObjectWriter((body) => putObject(storage, key, body, options)),
    delete: async (key, options = {}) => void (await remove(storage, key, options)),
    copy: (from, to, options = {}) => transfer(storage, "copy", copyObject, from, to, options),
    move: (from, to, options = {}) => transfer(storage, "move", moveObject, from, to, options),
    list: (options = {}) => listAll(storage, options),
    listPage: async (options = {}) => {
      checkNames("listPage", options);
      return await listPage(storage, options);
    },
    download: (key, path, options = {}) => download(storage, key, path, options),
    putMany: (items, options = {}) => putMany(self, items, options),
    deleteMany: async (keys, options = {}) => {
      checkNames("deleteMany", options);
      return await runCall(storage, "deleteMany", undefined, options, (call) =>
        deleteEach(provider, keys, call),
      );
    },
    deletePrefix: async (prefix, options = {}) => {
      checkNames("deletePrefix", options);
      return await runCall(storage, "deletePrefix", prefix, options, (call) =>
        deleteUnder(provider, prefix, call),
      );
    },
    putDirectory: (directory, prefix, options = {}) => putDirectory(self, directory, prefix, options),
    locate: (text) => locate(storage, text),
    at: (ref) => at(storage, ref),
    ...linksOf(storage),
    finalize: (key, options = {}) => finalize(storage, key, options),
    importFrom: async (key, url, options = {}) => {
      checkNames("importFrom", options);
      checkKey(provider, key, "importFrom");
      checkPut(provider, key, options, undefined);
      const fetchInto = required(provider, "importFrom", key);
      return await runCall(storage, "importFrom", key, options, (call) => fetchInto(key, url, call));
    },
    describe: () => describeProvider(provider),
    health: () => healthOf(provider),
    verify: (prefix = "", options = {}) => verifyStorage(storage, prefix, options),
    ...lifeOf(storage),
  };
  return self;
}

async function finalize(storage: Calls, key: string, options: VerbOptions["finalize"]): Promise<ObjectInfo> {
  const { provider } = storage;
  checkNames("finalize", options);
  checkKey(provider, key, "finalize");
  const finish = provider.finalize ?? provider.head;
  return await runCall(storage, "finalize", key, options, (call) => finish(key, call));
}

async function remove(
  storage: Calls,
  key: string,
  options: VerbOptions["delete"],
  ref?: string,
): Promise<Deleted> {
  const { provider } = storage;
  checkNames("delete", options);
  checkKey(provider, key, "delete");
  checkDelete(provider, key, options);
  const unconfirmed: string[] = [];
  await runCall(storage, "delete", key, seenAt(options, ref), async (call) => {
    if (ref === undefined) return await provider.delete(key, call);
    const onEvent = (event: StorageEvent): void => {
      if (event.type === "unconfirmed") unconfirmed.push(...event.providers);
      call.onEvent?.(event);
    };
    await provider.delete(key, { ...call, onEvent });
  });
  return unconfirmed.length === 0 ? {} : { unconfirmed };
}

async function download(
  storage: Calls,
  key: string,
  path: string,
  options: DownloadOptions,
  ref?: string,
): Promise<ObjectInfo> {
  const { provider } = storage;
  checkNames("download", options);
  checkKey(provider, key, "download");
  checkDownload(provider, key, path, options);
  return await runCall(storage, "download", key, seenAt(options, ref), (call) =>
    downloadObject(provider, key, path, call),
  );
}

/** Makes the verbs that start and stop background work. */
function lifeOf(storage: Calls): Pick<FileStorage, "startRepair" | "close"> {
  const workers = new Set<RepairWorker>();
  return {
    startRepair: (options = {}) => {
      const worker = startRepair(storage, options);
      workers.add(worker);
      return worker;
    },
    close: async (options = {}) => {
      checkNames("close", options);
      const graceMs = wholeNumber("close", "graceMs", options.graceMs ?? CLOSE_GRACE_MS);
      const stopped = Promise.all([...workers].map((worker) => worker.stop()));
      await closeCalls(storage, graceMs);
      await stopped;
    },
  };
}

function startRepair({ provider, onEvent, closed }: Calls, options: RepairOptions): RepairWorker {
  checkNames("startRepair", options);
  if (!closed) return startRepairWorker(provider, onEvent, options);
  const context = { operation: "repair", provider: provider.name, retryable: false } as const;
  throw new StorageError("Unavailable", "the storage is closed", context);
}

async function transfer(
  storage: Calls,
  verb: "copy" | "move",
  work: typeof copyObject,
  from: string,
  to: string,
  options: StorageCopyOptions,
): Promise<ObjectInfo> {
  const { provider } = storage;
  checkNames(verb, options);
  checkKey(provider, from, verb);
  checkKey(provider, to, verb);
  checkCopy(options);
  return await runCall(storage, verb, to, options, (call) => work(provider, from, to, call));
}

async function listPage(storage: Calls, options: StorageListOptions): Promise<ListPage> {
  const { provider } = storage;
  checkList(provider, options);
  if (options.prefix !== undefined) assertPrefix(options.prefix, "list", provider.name);
  const page = await runCall(storage, "list", options.prefix, options, (call) => provider.list(call));
  for (const { key, reason } of page.skipped ?? []) {
    storage.onEvent?.({ type: "skipped", operation: "list", provider: provider.name, key, reason });
  }
  return page;
}

/** Lists all objects. The objects are fetched in pages, and the next page is fetched only when it is needed. */
async function* listAll(storage: Calls, options: ListOptions): AsyncGenerator<ObjectInfo, void, undefined> {
  checkNames("list", options);
  let next: ListOptions | undefined = options;
  while (next !== undefined) {
    const page: ListPage = await listPage(storage, next);
    yield* page.objects;
    const { cursor } = page;
    next = cursor === undefined ? undefined : { ...next, cursor, after: undefined };
  }
}

function locate({ provider }: Calls, text: string): Located | undefined {
  anyText("locate", "ref", text, "a string");
  return provider.locate(text);
}

function at(storage: Putting, ref: string): StoredAt {
  const found = locate(storage, ref);
  if (found === undefined) {
    throw new StorageError("InvalidArgument", "the ref does not belong to any configured bucket or root", {
      operation: "locate",
      provider: storage.provider.name,
      key: ref,
    });
  }
  const { key } = found;
  return {
    ...found,
    get: (options = {}) => getObject(storage, key, options, found.ref),
    head: (options = {}) => headObject(storage, key, options, found.ref),
    find: (options = {}) => findObject(storage, "find", key, options, found.ref),
    exists: async (options = {}) =>
      (await findObject(storage, "exists", key, options, found.ref)) !== undefined,
    publicUrl: async (options = {}) => await publicUrl(storage, key, options, found.ref),
    signedUrl: (options = {}) => signedUrl(storage, key, options, found.ref),
    download: (path, options = {}) => download(storage, key, path, options, found.ref),
    put: (body, options = {}) => putObject(storage, key, body, options),
    delete: (options = {}) => remove(storage, key, options, found.ref),
  };
}

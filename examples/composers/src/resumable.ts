import { fromFile, isStorageError, keyTemplate, type FileStorage } from "@stowage/core";
import { errorFacts, HttpError, isHttpError } from "@stowage/http";
import { FileStore } from "@tus/file-store";
import { Server } from "@tus/server";
import { stat, truncate } from "node:fs/promises";
import { join } from "node:path";

const UPLOAD_KEY = keyTemplate("uploads/{id}/{name}");

/** The options of {@link createUploads}. */
export interface UploadsOptions {
  readonly storage: FileStorage;
  /** The folder for files that have not arrived whole. */
  readonly directory: string;
  readonly path: string;
}

/** Uploads that go on after a pause, a broken connection, or a reload of the page. */
export interface Uploads {
  readonly server: Server;
  /** Removes what nobody has sent to for an hour. */
  readonly sweep: () => Promise<void>;
}

const UPLOAD_BYTES_MAX = 5_000_000_000;
const IDLE_MS = 60 * 60 * 1000;

/** One upload, as the library for tus describes it. */
type Upload = Awaited<ReturnType<FileStore["getUpload"]>>;

/** The note, in the facts of an upload, that its file is in the storage. */
const STORED = "stored";

/**
 * Receives uploads by the tus protocol: a file arrives in a folder, and is put into the storage when it is whole.
 *
 * The last request of an upload is answered when the storage has the file. When the storage fails, the client asks how far the upload is,
 * and the file is put once more. So an upload that has arrived is never sent again, and never counts as stored too early.
 *
 * @see https://tus.io/protocols/resumable-upload
 */
export function createUploads({ storage, directory, path }: UploadsOptions): Uploads {
  const store = new FileStore({ directory });
  const running = new Map<string, Promise<void>>();
  /** Stores a file once, however often it is asked for. */
  const finish = async (upload: Upload): Promise<void> => {
    if (upload.metadata?.[STORED] !== undefined) return;
    const work = running.get(upload.id) ?? storeFile(storage, store, upload);
    running.set(upload.id, work);
    try {
      await work;
    } finally {
      running.delete(upload.id);
    }
  };
  const server = new Server({
    path,
    datastore: store,
    relativeLocation: true,
    maxSize: UPLOAD_BYTES_MAX,
    onUploadCreate: async (_request, upload) => {
      // A name that makes no key is refused before a byte is sent.
      keyOf(upload);
      return {};
    },
    onUploadFinish: async (_request, { id }) => {
      await finish(await store.getUpload(id));
      return {};
    },
    onIncomingRequest: async ({ method }, id) => {
      if (method !== "HEAD") return;
      const upload = await store.getUpload(id);
      if (upload.offset === upload.size) await finish(upload);
    },
    onResponseError: (_request, error) => {
      if (!isStorageError(error) && !isHttpError(error)) return undefined;
      const body = isStorageError(error) ? error.reason : error.message;
      return { status_code: errorFacts(error).status, body };
    },
  });
  return { server, sweep: () => sweep(store, directory) };
}

/** Puts a file that has arrived. The upload stays for a while, without its bytes: a client whose last answer was lost asks for it. */
async function storeFile(storage: FileStorage, store: FileStore, upload: Upload): Promise<void> {
  const { id, size = 0, metadata } = upload;
  const path = join(store.directory, id);
  const contentType = metadata?.["filetype"] ?? "";
  // The key has the id of the upload in it. So no condition is needed, for which every member would have to answer.
  await storage.put(keyOf(upload), fromFile(path), {
    contentType: contentType === "" ? undefined : contentType,
  });
  upload.metadata = { ...metadata, [STORED]: "yes" };
  await store.configstore.set(id, upload);
  await truncate(path, 0);
  await truncate(path, size);
}

function keyOf({ id, metadata }: Pick<Upload, "id" | "metadata">): string {
  return uploadKey(id, metadata?.["filename"] ?? "file");
}

/**
 * Makes the key of a file that was uploaded.
 *
 * @throws HttpError 400 for a name that makes no key.
 */
export function uploadKey(id: string, name: string): string {
  try {
    return UPLOAD_KEY.key({ id, name });
  } catch (error) {
    if (isStorageError(error, "InvalidKey")) throw new HttpError(400, "FileName", error.reason);
    throw error;
  }
}

async function sweep(store: FileStore, directory: string): Promise<void> {
  const ids = (await store.configstore.list?.()) ?? [];
  for (const id of ids) {
    const facts = await stat(join(directory, id)).catch(() => undefined);
    if (facts !== undefined && Date.now() - facts.mtimeMs > IDLE_MS) await store.remove(id);
  }
}

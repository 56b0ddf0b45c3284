import { contentDisposition, type FileStorage, type SignedUpload, type UploadedPart } from "@stowage/core";
import { randomUUID } from "node:crypto";

/** A file that a page would like to upload. */
export interface Wanted {
  readonly name: string;
  readonly type: string;
  /** In bytes. */
  readonly size: number;
}

/** What the page does then: one request, or one for each part. */
export type Plan =
  | { readonly id: string; readonly upload: SignedUpload }
  | { readonly id: string; readonly partBytes: number };

const MIB = 1024 * 1024;

/** Smaller files go in one request; a part has to be that large. */
const PART_BYTES = 8 * MIB;

/** The most that anybody may upload, in bytes. */
const FILE_BYTES_MAX = 1024 * MIB;

const PART_SECONDS = 15 * 60;

/** An upload that has been promised to a page. */
interface Begun extends Wanted {
  readonly key: string;
  readonly uploadId: string | undefined;
}

/** What the pages may ask for. They name an upload by its id; where it goes is nothing that they could choose. */
export interface Uploads {
  readonly begin: (wanted: Wanted) => Promise<Plan>;
  readonly signPart: (id: string, partNumber: number) => Promise<SignedUpload>;
  readonly parts: (id: string) => Promise<readonly UploadedPart[]>;
  /** The page has sent all of it. @returns A link to the file. */
  readonly finish: (id: string, parts: readonly UploadedPart[]) => Promise<string>;
  readonly cancel: (id: string) => Promise<void>;
}

export function createUploads(storage: FileStorage): Uploads {
  const { multipart } = storage;
  if (multipart === undefined) throw new Error("the storage has no uploads in parts");
  // In a database, where there is more than one process.
  const begun = new Map<string, Begun>();
  // A page that has not heard that it was finished asks again.
  const finished = new Map<string, string>();

  const find = (id: string): Begun => {
    const found = begun.get(id);
    if (found !== undefined) return found;
    throw new RefusedError(404, "There is no such upload");
  };
  const findInParts = (id: string): Begun & { readonly uploadId: string } => {
    const { uploadId, ...rest } = find(id);
    if (uploadId !== undefined) return { ...rest, uploadId };
    throw new RefusedError(400, "The upload is not one in parts");
  };

  return {
    begin: async (wanted) => {
      const { name, type, size } = checked(wanted);
      const id = randomUUID();
      const key = `uploads/${id}/${name}`;
      if (size <= PART_BYTES) {
        const upload = await storage.signUpload(key, { contentType: type, contentLength: size });
        begun.set(id, { key, name, type, size, uploadId: undefined });
        return { id, upload };
      }
      const { uploadId } = await multipart.create(key, { contentType: type });
      begun.set(id, { key, name, type, size, uploadId });
      return { id, partBytes: PART_BYTES };
    },
    signPart: async (id, partNumber) => {
      const { key, uploadId, size } = findInParts(id);
      const contentLength = Math.min(PART_BYTES, size - (partNumber - 1) * PART_BYTES);
      if (!(contentLength > 0)) throw new RefusedError(400, "The file has no such part");
      const options = { contentLength, expiresInSeconds: PART_SECONDS };
      return await multipart.signPart(key, { uploadId, partNumber }, options);
    },
    parts: async (id) => {
      const { key, uploadId } = findInParts(id);
      return await multipart.listParts(key, { uploadId });
    },
    finish: async (id, parts) => {
      const before = finished.get(id);
      if (before !== undefined) return before;
      const { key, name, size, uploadId } = find(id);
      const info =
        uploadId === undefined ? await storage.head(key) : await multipart.complete(key, { uploadId, parts });
      if (info.size !== size) {
        await storage.delete(key);
        begun.delete(id);
        throw new RefusedError(409, "The file has another size than was promised");
      }
      // Saved, not shown: its type is what the page said.
      const url = await storage.signedUrl(key, {
        contentDisposition: contentDisposition("attachment", name),
      });
      finished.set(id, url);
      begun.delete(id);
      return url;
    },
    cancel: async (id) => {
      const { key, uploadId } = find(id);
      if (uploadId !== undefined) await multipart.abort(key, { uploadId });
      // It may just have become an object.
      await storage.delete(key);
      begun.delete(id);
    },
  };
}

/** What a page says is not to be believed. */
function checked(wanted: Wanted): Wanted {
  const { name, type, size } = Object(wanted) as Wanted;
  const isFile =
    typeof name === "string" && typeof type === "string" && Number.isSafeInteger(size) && size >= 0;
  if (!isFile) throw new RefusedError(400, "A file has a name, a type and a size");
  if (size > FILE_BYTES_MAX)
    throw new RefusedError(413, `The file is larger than ${FILE_BYTES_MAX / MIB} MiB`);
  if (type !== "" && !/^[\w.+-]+\/[\w.+-]+$/.test(type))
    throw new RefusedError(400, "The type is no media type");
  const last = name.replaceAll(/[^\p{L}\p{N} ._-]/gu, "_").slice(-100);
  return {
    name: /^[ .]*$/.test(last) ? "file" : last,
    type: type === "" ? "application/octet-stream" : type,
    size,
  };
}

/** Why a page does not get what it asks for, in words that it may show. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
  /** Of HTTP. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

import { createHash } from "node:crypto";
import { delay, isStorageError, type StorageError } from "@stowage/core/provider";
import type { NumberedPart, ObjectAnswer, PartAnswer, WriteAnswer } from "../server/client.js";
import { bareEtag } from "../server/etag.js";
import { ask, writing } from "../store.js";
import type { Upload } from "./write.js";

const ROUNDS = 3;
const PAUSE_MS = 200;

/** What has to be known of an upload that is completed. */
export interface Completion extends Pick<Upload, "store" | "write" | "uploadId" | "stop"> {
  /** In their order; those without a number have the one of their place. */
  readonly parts: readonly (PartAnswer & Partial<NumberedPart>)[];
}

/**
 * Makes the parts an object. When the outcome is unknown the server is asked, and told again: a second
 * completion of the same parts does no harm.
 */
export async function completeUpload(upload: Completion): Promise<WriteAnswer> {
  for (let round = 1; ; round++) {
    try {
      return await withEtag(upload, await complete(upload));
    } catch (error) {
      if (!isStorageError(error) || !isUnsure(error)) throw error;
      const found = await ownObject(upload);
      if (found !== undefined) return found;
      if (round === 1 && error.applied !== "unknown") throw error;
      if (round === ROUNDS || upload.stop.signal.aborted) throw error;
      await delay(PAUSE_MS * 2 ** round, upload.stop.signal);
    }
  }
}

/** No answer, or one of a server in trouble; or that the upload is not there: somebody may have completed it. */
function isUnsure({ applied, status }: StorageError): boolean {
  return applied === "unknown" || status === 404;
}

async function complete({ store, write, uploadId = "", parts, stop }: Completion): Promise<WriteAnswer> {
  const { key, conditions } = write;
  const { signal } = stop;
  const numbered = parts.map((part, index) => ({ partNumber: index + 1, ...part }));
  const request = { key, uploadId, parts: numbered, ...conditions };
  return await ask(store, writing(write, signal), () => store.client.completeUpload(request, { signal }));
}

/** Adds the ETag to the answer of a completion, where the server left it out, as Ceph 16 does. */
async function withEtag(upload: Completion, answer: WriteAnswer): Promise<WriteAnswer> {
  if (bareEtag(answer.etag) !== undefined) return answer;
  return { ...answer, etag: (await ownObject(upload))?.etag };
}

/** The object under the key, when it is the one that these parts make. */
async function ownObject({ store, write, stop, parts }: Completion): Promise<ObjectAnswer | undefined> {
  const { key } = write;
  const { signal } = stop;
  const attempted = { operation: write.operation, key, signal, action: "s3:GetObject" } as const;
  const found = await ask(store, attempted, () => store.client.headObject({ key }, { signal })).catch(
    (error: unknown) => {
      if (isStorageError(error)) return undefined;
      throw error;
    },
  );
  return found !== undefined && bareEtag(found.etag) === etagOfParts(parts) ? found : undefined;
}

/**
 * The ETag of an object of parts: the digest of the parts' digests, and their number.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
 */
function etagOfParts(parts: readonly PartAnswer[]): string {
  const digests = parts.map(({ etag }) => Buffer.from(bareEtag(etag) ?? "", "hex"));
  return `${createHash("md5").update(Buffer.concat(digests)).digest("hex")}-${parts.length}`;
}

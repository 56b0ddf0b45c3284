import { createHash } from "node:crypto";
import { isStorageError } from "@stowage/core/provider";
import type { ObjectAnswer, PartAnswer } from "../server/client.js";
import { bareEtag } from "../server/etag.js";
import { ownMark } from "../server/facts.js";
import { ask, type Store } from "../store.js";
import type { Write } from "./write.js";

/**
 * Returns the object that a write with an unknown outcome has made, if the object exists. The object is recognised by
 * its write id, or by the id of its upload. An object without these ids is recognised by its ETag, which is computed
 * from the ETags of the parts. The ETag of an encrypted object cannot be computed in this way.
 */
export async function findOwn(
  store: Store,
  { operation, key, fields }: Pick<Write, "operation" | "key" | "fields">,
  signal: AbortSignal | undefined,
  parts?: readonly PartAnswer[],
): Promise<ObjectAnswer | undefined> {
  const attempted = { operation, key, signal, action: "s3:GetObject" } as const;
  const asked = ask(store, attempted, () => store.client.headObject({ key }, { signal }));
  const found = await asked.catch((error: unknown) => {
    if (isStorageError(error)) return undefined;
    throw error;
  });
  if (found === undefined) return undefined;
  const mark = ownMark(fields.metadata);
  if (mark !== undefined && ownMark(found.metadata) === mark) return found;
  return parts !== undefined && bareEtag(found.etag) === etagOfParts(parts) ? found : undefined;
}

/**
 * Returns the ETag of an object that was uploaded in parts: a digest of the digests of all parts, followed by the
 * number of parts.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
 */
function etagOfParts(parts: readonly PartAnswer[]): string {
  const digests = parts.map(({ etag }) => Buffer.from(bareEtag(etag) ?? "", "hex"));
  return `${createHash("md5").update(Buffer.concat(digests)).digest("hex")}-${parts.length}`;
}

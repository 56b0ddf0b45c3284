/** What a process that measures S3 needs. */
import { list10k } from "../listing.mjs";
import { SMALL_OBJECTS, copies, deletes, wholes } from "../small-objects.mjs";
import { streamIn, streamOut } from "../streams.mjs";
import { createBucket } from "./raw-client.mjs";
import { subjectOf } from "./subjects.mjs";
import { getFile, putBuffers, putFile, putKnown } from "./transfers.mjs";

/** @type {Record<string, import("../workloads.mjs").Workload>} */
export const WORKLOADS = {
  ...SMALL_OBJECTS,
  "copy-c4": copies(4),
  "delete-c4": deletes(4),
  list10k: list10k(),
  put4m: putBuffers(),
  get4m: wholes(),
  "stream-in": streamIn(),
  "stream-known": putKnown(),
  "put-file": putFile(),
  "stream-out": streamOut(),
  "get-file": getFile(),
};

/** Every store has a bucket of its own. */
export async function openStore(subject, place, name) {
  const own = { ...place, bucket: `${place.bucket}-${name.replace("@", "-")}` };
  await createBucket(own);
  const { module, options } = subjectOf(subject);
  const { open } = await import(module);
  return await open(own, options);
}

/** What a cold start is measured with: a module with `open(root, options)`. */
export async function startOf(subject, place) {
  const root = { ...place, bucket: `${place.bucket}-${subject}` };
  await createBucket(root);
  return { ...subjectOf(subject), root };
}

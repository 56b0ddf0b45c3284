/** What a process that measures S3 needs. */
import { list10k } from "../listing.mjs";
import { gets, heads, puts } from "../small-objects.mjs";
import { streamIn, streamOut } from "../streams.mjs";
import { createBucket } from "./raw-client.mjs";
import { SUBJECTS, moduleOf } from "./subjects.mjs";
import { getFile, putBuffers, putFile, putKnown } from "./transfers.mjs";

/** @type {Record<string, import("../workloads.mjs").Workload>} */
export const WORKLOADS = {
  "put4k-c1": puts(1),
  "put4k-c16": puts(16),
  "get4k-c1": gets(1),
  "get4k-c16": gets(16),
  "head-c1": heads(1),
  "head-c16": heads(16),
  list10k: list10k(),
  put4m: putBuffers(),
  "stream-in": streamIn(),
  "stream-known": putKnown(),
  "put-file": putFile(),
  "stream-out": streamOut(),
  "get-file": getFile(),
};

/** Every store has a bucket of its own. */
export async function openStore(subject, place, name) {
  const own = { ...place, bucket: `${place.bucket}-${name}` };
  await createBucket(own);
  const { open } = await import(moduleOf(subject));
  return await open(own, SUBJECTS[subject].options);
}

/** What a cold start is measured with: a module with `open(root, options)`. */
export async function startOf(subject, place) {
  const root = { ...place, bucket: `${place.bucket}-${subject}` };
  await createBucket(root);
  return { module: moduleOf(subject), options: SUBJECTS[subject].options, root };
}

/** What a process that measures composers needs. */
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { putFile } from "../s3/transfers.mjs";
import { gets, heads, puts } from "../small-objects.mjs";
import { SUBJECTS } from "./subjects.mjs";

/** @type {Record<string, import("../workloads.mjs").Workload>} */
export const WORKLOADS = {
  "put4k-c1": puts(1),
  "put4k-c16": puts(16),
  "get4k-c1": gets(1),
  "get4k-c16": gets(16),
  "head-c1": heads(1),
  "put-file": { ...putFile(), title: "put 256 MiB from one source" },
};

/** Every store has folders of its own. */
export async function openStore(subject, { folder, server }, name) {
  const root = path.join(folder, name.replaceAll(" ", "-"));
  await mkdir(root);
  return await SUBJECTS[subject]({ root, server, name });
}

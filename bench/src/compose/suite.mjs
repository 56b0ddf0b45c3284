/** What a process that measures composers needs. */
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { putFile } from "../s3/transfers.mjs";
import { partsOf } from "../packages.mjs";
import { SMALL_OBJECTS } from "../small-objects.mjs";

/** @type {Record<string, import("../workloads.mjs").Workload>} */
export const WORKLOADS = {
  ...SMALL_OBJECTS,
  "put-file": { ...putFile(), title: "put 256 MiB from one source" },
};

/** Every store has folders of its own. */
export async function openStore(subject, { folder, server }, name) {
  const root = path.join(folder, name.replaceAll(" ", "-"));
  await mkdir(root);
  const { name: plain, query } = partsOf(subject);
  const { SUBJECTS } = await import(`./subjects.mjs${query}`);
  return await SUBJECTS[plain]({ root, server, name });
}

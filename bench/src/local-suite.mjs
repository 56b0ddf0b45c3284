/** What a process that measures local files needs. */
import path from "node:path";
import { openStore as open, subjectOf } from "./subjects.mjs";

export { WORKLOADS } from "./workloads.mjs";

export async function openStore(subject, place, name) {
  return await open(subject, path.join(place, name));
}

/** What a cold start is measured with: a module with `open(root, options)`. */
export function startOf(subject, place) {
  return { ...subjectOf(subject), root: path.join(place, subject) };
}

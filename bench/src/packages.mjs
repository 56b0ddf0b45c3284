/** The packages that are measured: those of this commit, or those of the commit that `--against` names. */
import path from "node:path";
import { pathToFileURL } from "node:url";

/** The end of a subject's name that stands for the packages of the other commit. */
const BEFORE = "@before";

/** The folder of the other commit's packages. Absent without `--against`. */
const folder = process.env.STOWAGE_BENCH_BEFORE;

/** The address of a subject's module. One address is one copy of a module, so both commits can be loaded at once. */
export function addressOf(name, subjects, base) {
  const isBefore = name.endsWith(BEFORE);
  const { module, options } = subjects[isBefore ? name.slice(0, -BEFORE.length) : name];
  return { module: new URL(`${module}.mjs${isBefore ? "?before" : ""}`, base).href, options };
}

/** Imports a package for the module with this address. */
export async function load(name, address) {
  if (!address.endsWith("?before")) return await import(name);
  return await import(pathToFileURL(path.join(folder, name, "dist/index.js")).href);
}

/** Adds the packages of the other commit to comparisons of Stowage. */
export function withBefore(comparisons) {
  if (folder === undefined) return comparisons;
  return comparisons.map((comparison) => {
    const own = comparison.subjects.filter((name) => name.startsWith("stowage"));
    return { ...comparison, subjects: [...comparison.subjects, ...own.map((name) => name + BEFORE)] };
  });
}

export function beforeOf(subject) {
  return subject + BEFORE;
}

/** The packages that are measured: those of this commit, or those of the commit that `--against` names. */
import path from "node:path";
import { pathToFileURL } from "node:url";

/** The end of a subject's name that stands for the packages of the other commit. */
const BEFORE = "@before";

/** The folder of the other commit's packages. Absent without `--against`. */
const folder = process.env.STOWAGE_BENCH_BEFORE;

/**
 * Returns the plain name of a subject, and what is added to the address of a module so that it loads the packages of
 * the subject's commit. One address is one copy of a module, so both commits can be loaded at once.
 */
export function partsOf(name) {
  const isBefore = name.endsWith(BEFORE);
  return isBefore ? { name: name.slice(0, -BEFORE.length), query: "?before" } : { name, query: "" };
}

/** The address of a subject's module. */
export function addressOf(subject, subjects, base) {
  const { name, query } = partsOf(subject);
  const { module, options } = subjects[name];
  return { module: new URL(`${module}.mjs${query}`, base).href, options };
}

/** Imports a package for the module with this address. */
export async function load(name, address) {
  if (!address.endsWith("?before")) return await import(name);
  return await import(pathToFileURL(path.join(folder, name, "dist/index.js")).href);
}

/** Adds the packages of the other commit to comparisons of Stowage. */
export function withBefore(comparisons, isOwn = (name) => name.startsWith("stowage")) {
  if (folder === undefined) return comparisons;
  return comparisons.map((comparison) => {
    const own = comparison.subjects.filter(isOwn);
    return { ...comparison, subjects: [...comparison.subjects, ...own.map((name) => name + BEFORE)] };
  });
}

export function beforeOf(subject) {
  return subject + BEFORE;
}

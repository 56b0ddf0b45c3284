/**
 * How long calls take while one member of a composer accepts every call and answers none: the first call, a later one, and one with
 * `timeoutMs: 200`, for every verb, composer and tier, with the defaults. Prints each cell that is above its limit, and all times.
 */
import { createStorage, fallback, memory, memoryJournal, mirror, split } from "@stowage/core";

const FIRST_MS = 6000;
const LATER_MS = 50;
const TIMEOUT_MS = 200;
const TIMED_MS = 300;
const CELLS_AT_ONCE = 16;

/** A member that a bench can have hang; `heeds` says whether it ends its calls when they are aborted. */
function hanging(name) {
  const store = memory({ name });
  const member = { hangs: false, heeds: true };
  const verbs = ["put", "get", "head", "delete", "list", "copy", "move"];
  const provider = { ...store, signedUrl: async (key) => `https://${name}.example/${key}` };
  for (const verb of verbs) {
    const inner = store[verb];
    provider[verb] = async (...args) => {
      if (!member.hangs) return await inner(...args);
      const { signal } = args.at(-1) ?? {};
      return await new Promise((_resolve, reject) => {
        if (member.heeds) signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
      });
    };
  }
  return Object.assign(member, { provider });
}

const COMPOSERS = {
  fallback: (members, options) => fallback(members, options),
  "mirror, all": (members, options) => mirror(members, options),
  "mirror, quorum": (members, options) =>
    mirror([...members, memory({ name: "third" })], { ...options, writes: "quorum" }),
  "mirror, primary": (members, options) => mirror(members, { ...options, writes: "primary" }),
  split: ([from, to], options) => split({ ...options, from, to, percent: 100, salt: "bench" }),
};

const VERBS = {
  put: (storage, round, options) => storage.put(`new-${round}`, "x", options),
  "put of 200 kB": (storage, round, options) => storage.put(`large-${round}`, Buffer.alloc(200_000), options),
  "create-only put": (storage, round, options) =>
    storage.put(`created-${round}`, "x", { ...options, ifNoneMatch: "*" }),
  get: async (storage, _round, options) => await (await storage.get("a", options)).text(),
  head: (storage, _round, options) => storage.head("a", options),
  exists: (storage, round, options) => storage.exists(`missing-${round}`, options),
  find: (storage, round, options) => storage.find(`missing-${round}`, options),
  delete: (storage, round, options) => storage.delete(`old-${round}`, options),
  copy: (storage, round, options) => storage.copy("a", `copy-${round}`, options),
  listPage: (storage, _round, options) => storage.listPage(options),
  signedUrl: (storage, _round, options) => storage.signedUrl("a", options),
};

async function timed(call) {
  const startedAt = performance.now();
  await call().catch(() => {});
  return Math.round(performance.now() - startedAt);
}

async function started({ composer, tier, which, heeds }) {
  const members = [hanging("first"), hanging("second")];
  const options = tier === "stateless" ? {} : { journal: memoryJournal() };
  const storage = createStorage(
    COMPOSERS[composer](
      members.map(({ provider }) => provider),
      options,
    ),
  );
  for (const key of ["a", "old-0", "old-1"]) await storage.put(key, "there");
  await storage.provider.upkeep?.repair({});
  Object.assign(members[which], { hangs: true, heeds });
  return storage;
}

async function measure(cell) {
  const call = VERBS[cell.verb];
  const storage = await started(cell);
  const first = await timed(() => call(storage, 0, {}));
  const later = await timed(() => call(storage, 1, {}));
  const other = await started(cell);
  const limited = await timed(() => call(other, 1, { timeoutMs: TIMEOUT_MS }));
  void storage.close({ graceMs: 0 });
  void other.close({ graceMs: 0 });
  return { ...cell, first, later, limited };
}

const cells = Object.keys(COMPOSERS).flatMap((composer) =>
  ["stateless", "with a journal"].flatMap((tier) =>
    Object.keys(VERBS).flatMap((verb) =>
      [0, 1].flatMap((which) => [true, false].map((heeds) => ({ composer, tier, verb, which, heeds }))),
    ),
  ),
);
// Without a journal nothing would bring the second member what it lacks.
const queue = cells.filter(({ composer, tier }) => composer !== "mirror, primary" || tier !== "stateless");
const count = queue.length;
const measured = [];
while (queue.length > 0) measured.push(...(await Promise.all(queue.splice(0, CELLS_AT_ONCE).map(measure))));

const above = measured.filter(
  ({ first, later, limited }) => first > FIRST_MS || later > LATER_MS || limited > TIMED_MS,
);
for (const { composer, tier, verb, which, heeds, first, later, limited } of above) {
  const member = `${which === 0 ? "the first" : "the second"} hangs${heeds ? "" : " and heeds no signal"}`;
  console.log(
    `above  ${composer}, ${tier}, ${verb}, ${member}: first ${first} ms, later ${later} ms, timeoutMs ${limited} ms`,
  );
}
const most = (name) => Math.max(...measured.map((cell) => cell[name]));
console.log(
  `\n${count} cells; the longest first call took ${most("first")} ms (${FIRST_MS} allowed), the longest later one ${most("later")} ms ` +
    `(${LATER_MS}), the longest with timeoutMs ${TIMEOUT_MS} took ${most("limited")} ms (${TIMED_MS}); ${above.length} above`,
);
process.exit(above.length > 0 ? 1 : 0);

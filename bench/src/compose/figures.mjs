/** Figures that have no base: repair, listings, and how long the event loop stands still. */
import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setImmediate, setTimeout } from "node:timers/promises";
import { StorageError, createStorage, fallback, mirror } from "@stowage/core";
import { intercept, toBody } from "@stowage/core/provider";
import { answerOnce } from "../child.mjs";
import { times } from "../times.mjs";
import { disks, journaled, memories } from "./subjects.mjs";

/** A block of the event loop that everybody would notice, in milliseconds. */
const BLOCK_MS_MAX = 50;
const WRITES = 4000;
const SMALL = { count: 1000, bytes: 4096 };
const LARGE = { count: 32, bytes: 8 * 1024 * 1024 };
const KEYS_PER_MEMBER = 100_000;

answerOnce(async ({ folder, quick }) => [
  await longestBlock(path.join(folder, "block"), quick ? WRITES / 4 : WRITES),
  ...(await repair(path.join(folder, "small"), SMALL)),
  ...(await repair(path.join(folder, "large"), LARGE)),
  ...(await listing(quick ? KEYS_PER_MEMBER / 10 : KEYS_PER_MEMBER)),
]);

async function longestBlock(root, writes) {
  await mkdir(root);
  const store = journaled(root, (options) => mirror(disks(root, 2), options));
  const content = randomBytes(4096);
  await times(100, 16, (index) => store.put(`warm/${index}`, content));
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  await times(writes, 16, (index) => store.put(`keys/${index % 50}/${index}`, content));
  delays.disable();
  await store.close();
  const title = `longest block of the event loop in ${writes} puts on a mirror`;
  return { title, value: delays.max / 1e6, unit: "ms", most: BLOCK_MS_MAX };
}

/** What a mirror's second member has missed, from the moment when it is back. */
async function repair(root, { count, bytes }) {
  await mkdir(root);
  let isDown = true;
  const [first, second] = disks(root, 2);
  const switchable = intercept(second, {
    type: "switchable",
    around: (call, next) => {
      if (!isDown) return next();
      const { operation, key } = call;
      throw new StorageError("Unavailable", "it is down", { operation, provider: second.name, key });
    },
  });
  const store = journaled(root, (options) =>
    mirror([first, switchable], { ...options, writes: "primary", retry: false }),
  );
  const content = randomBytes(bytes);
  await times(count, 8, (index) => store.put(`keys/${index}`, content));
  isDown = false;
  const startedAt = performance.now();
  await store.storage.startRepair().idle();
  const seconds = (performance.now() - startedAt) / 1000;
  const found = await second.head(`keys/${count - 1}`, {});
  if (found.size !== bytes) throw new Error("Repair has not brought everything");
  await store.close();
  if (bytes < 1024 * 1024)
    return [{ title: `repair of ${count} objects of 4 KiB`, value: count / seconds, unit: "per second" }];
  const mebibytes = (count * bytes) / 1024 ** 2;
  return [{ title: `repair of ${count} objects of 8 MiB`, value: mebibytes / seconds, unit: "MiB/s" }];
}

/**
 * Every key of three members, merged, next to the three listings one after the other. Every page takes a turn of the
 * event loop, as it does wherever it comes from a disk or a server.
 */
async function listing(count) {
  const stores = memories();
  const empty = await toBody("");
  for (const [place, store] of stores.entries()) {
    for (let index = 0; index < count; index++) await store.put(keyOf(index * 3 + place), empty, {});
  }
  const around = async (_call, next) => {
    await setImmediate();
    return await next();
  };
  const members = stores.map((store) => intercept(store, { type: "elsewhere", around }));
  const apart = await timed(async () => {
    for (const member of members) await listed(createStorage(member));
  });
  const storage = createStorage(fallback(members));
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  const merged = await timed(() => listed(storage));
  // A block that is not over is not seen.
  await setTimeout(2);
  delays.disable();
  if (merged.keys !== count * 3) throw new Error(`${merged.keys} keys instead of ${count * 3}`);
  return [
    { title: `listing ${count * 3} keys of 3 members, merged`, value: merged.ms, unit: "ms" },
    { title: "the same, one member after the other", value: apart.ms, unit: "ms" },
    {
      title: "longest block of the event loop meanwhile",
      value: delays.max / 1e6,
      unit: "ms",
      most: BLOCK_MS_MAX,
    },
  ];
}

async function timed(act) {
  const startedAt = performance.now();
  const keys = await act();
  return { ms: performance.now() - startedAt, keys };
}

async function listed(storage) {
  let count = 0;
  let last = "";
  for await (const { key } of storage.list()) {
    if (key <= last) throw new Error(`${key} comes after ${last}`);
    last = key;
    count++;
  }
  return count;
}

function keyOf(index) {
  return `keys/${String(index).padStart(8, "0")}`;
}

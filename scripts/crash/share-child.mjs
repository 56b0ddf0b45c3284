// One of several processes that write through one journal: for some seconds, then it says what it has acknowledged last.
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { createStorage, mirror } from "@stowage/core";
import { sqliteJournal } from "@stowage/journal";
import { local } from "@stowage/local";

const [folder, own, seconds] = process.argv.slice(2);
const WRITERS = 4;
const KEYS = 10;
const SHARED = 5;

const member = (name) => local({ root: join(folder, name), name, create: true, layout: "portable" });
const journal = sqliteJournal(join(folder, "journal.db"));
const storage = createStorage(mirror([member("a"), member("b")], { journal, settleMs: 1000, graceMs: 100 }));
const worker = storage.startRepair();

const last = new Map();
let written = 0;
let failed = 0;

async function put(key, text) {
  try {
    await storage.put(key, text);
    written++;
    last.set(key, text);
  } catch (error) {
    failed++;
    process.stderr.write(`${error.message}\n`);
  }
}

async function writer(number, until) {
  for (let count = 0; performance.now() < until; count++) {
    await put(`own/${own}/${number}/${count % KEYS}`, `${own} ${number} ${count}`);
    // What others write too: one of them is last.
    const shared = `shared/${Math.floor(count / 10) % SHARED}`;
    if (count % 10 === 0) await put(shared, `${own} ${number} ${count}`);
    if (count % 10 === 5) await (await storage.get(shared)).text();
  }
}

// What is loaded and compiled when it is first needed is not what is measured.
await put(`own/${own}/first`, "x");
const delay = monitorEventLoopDelay({ resolution: 5 });
delay.enable();
const until = performance.now() + Number(seconds) * 1000;
await Promise.all(Array.from({ length: WRITERS }, (_, number) => writer(number, until)));
delay.disable();
await worker.idle();
process.stdout.write(
  `${JSON.stringify({ written, failed, blockedMs: delay.max / 1e6, last: Object.fromEntries(last) })}\n`,
);
await storage.close();
await journal.close();

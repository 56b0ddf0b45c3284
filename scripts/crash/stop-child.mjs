// One of several processes that use the same composers. It does what its standard input says; the parent may stop it at any moment.
import { createHash } from "node:crypto";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { createStorage, fallback, mirror } from "@stowage/core";
import { intercept } from "@stowage/core/provider";
import { sqliteJournal } from "@stowage/journal";
import { local } from "@stowage/local";

const [folder, timesText, buckets] = process.argv.slice(2);
const MIB = 1024 * 1024;
const SIZES = { small: 4096, large: 8 * MIB - 200, parts: 17 * MIB };
const CHUNK_BYTES = 64 * 1024;
const LOOK_PAUSE_MS = 20;
const PROBE_PAUSE_MS = 50;
const REST_MS = 20_000;

const now = () => Number(process.hrtime.bigint() / 1000n) / 1000;
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
const delay = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** The stop that the next change of a member asks for: of which key, on which member, at which moment. */
let asked;

function stopHere() {
  say({ id: asked.id, stopping: now() });
  asked = undefined;
  process.kill(process.pid, "SIGSTOP");
  // The signal may take another thread first: this one does nothing until the process goes on.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
}

/** A member whose changes can be stopped right after the look at the lease, or right after the visible step has begun. */
function stoppable(provider) {
  const around = (call, next) => {
    const { beforeCommit } = call.options;
    if (beforeCommit === undefined) return next();
    return next({
      beforeCommit: () => {
        beforeCommit();
        if (asked?.key !== call.key || asked.member !== provider.name) return;
        if (asked.moment === "look") stopHere();
        else process.nextTick(() => asked?.key === call.key && stopHere());
      },
    });
  };
  return intercept(provider, { type: "stoppable", around });
}

async function open(name) {
  if (buckets === undefined)
    return local({ root: join(folder, name), name, create: true, layout: "portable" });
  const { s3 } = await import("@stowage/s3");
  return s3({ bucket: `${buckets}-${name}`, name, partSizeBytes: 8 * MIB });
}

const times = JSON.parse(timesText);
const journal = sqliteJournal(join(folder, "journal.db"));
const members = {
  mirror: [await open("a"), await open("b")],
  chain: [await open("c"), await open("d")],
};
const options = { ...times, journal, retry: false };
const storages = {
  mirror: createStorage(mirror(members.mirror.map(stoppable), { ...options, name: "mirror" })),
  chain: createStorage(fallback(members.chain.map(stoppable), { ...options, name: "chain" })),
};
const plain = {
  mirror: members.mirror.map((member) => createStorage(member)),
  chain: members.chain.map((member) => createStorage(member)),
};
const workers = Object.values(storages).map((storage) => storage.startRepair({ pollMs: 50 }));

/** A body that shows when it is torn. */
function bodyOf(kind, value) {
  const filler = Buffer.alloc(SIZES[kind], value);
  const bytes = Buffer.concat([Buffer.from(`${value} ${digestOf(filler)}\n`), filler]);
  if (kind !== "parts") return bytes;
  // A stream that does not say its size: it goes in parts where a server has them.
  const chunks = Array.from({ length: Math.ceil(bytes.length / CHUNK_BYTES) }, (_, index) =>
    bytes.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES),
  );
  return Readable.from(chunks, { objectMode: false });
}

function digestOf(bytes) {
  return createHash("sha256").update(bytes).digest("hex");
}

async function write({ id, composer, key, kind, value, stop }) {
  const storage = storages[composer];
  const body = kind === "delete" ? undefined : bodyOf(kind, value);
  asked = stop && { ...stop, id, key };
  say({ id, begun: now() });
  try {
    if (kind === "delete") await storage.delete(key);
    else await storage.put(key, body, { metadata: { value } });
    return { outcome: "ok" };
  } catch (error) {
    return { outcome: error.code ?? "Error", applied: error.applied, message: error.message };
  } finally {
    asked = undefined;
  }
}

/** What a storage holds, by the metadata alone; `-` for nothing. */
async function valueIn(storage, key) {
  try {
    return (await storage.head(key)).metadata?.value ?? "?";
  } catch (error) {
    return error.code === "NotFound" ? "-" : `!${error.code}`;
  }
}

async function wholeIn(storage, key) {
  try {
    const bytes = Buffer.from(await (await storage.get(key)).bytes());
    const end = bytes.indexOf("\n");
    const [value, digest] = bytes.subarray(0, end).toString().split(" ");
    return digestOf(bytes.subarray(end + 1)) === digest ? value : `TORN-${value}`;
  } catch (error) {
    return error.code === "NotFound" ? "-" : `!${error.code}`;
  }
}

/** Looks at a key again and again, through the composer and on each member, until it is asked for what it has seen. */
const watches = new Map();

function watch({ key, composer }) {
  const sights = [storages[composer], ...plain[composer]].map((storage) => ({ storage, found: [] }));
  const looking = { sights, isOver: false };
  looking.done = Promise.all(
    sights.map(async ({ storage, found }) => {
      while (!looking.isOver) {
        const at = now();
        const value = await valueIn(storage, key);
        if (found.at(-1)?.value === value) found.at(-1).to = at;
        else found.push({ value, from: at, to: at });
        await delay(LOOK_PAUSE_MS);
      }
    }),
  );
  watches.set(key, looking);
  return {};
}

async function seen({ key }) {
  const looking = watches.get(key);
  watches.delete(key);
  looking.isOver = true;
  await looking.done;
  return { sights: looking.sights.map(({ found }) => found) };
}

/** Writes a key of its own again and again, to find out how long other keys wait. */
let probing;

function probe({ key }) {
  const running = { isOver: false, longestMs: 0 };
  running.done = (async () => {
    while (!running.isOver) {
      const from = now();
      await storages.mirror.put(key, "x").catch(() => {});
      running.longestMs = Math.max(running.longestMs, now() - from);
      await delay(PROBE_PAUSE_MS);
    }
  })();
  probing = running;
  return {};
}

async function probed() {
  probing.isOver = true;
  await probing.done;
  return { longestMs: probing.longestMs };
}

const COMMANDS = {
  write,
  watch,
  seen,
  probe,
  probed,
  heads: async ({ composer, key }) => ({
    values: await Promise.all(plain[composer].map((storage) => valueIn(storage, key))),
  }),
  read: async ({ composer, key }) => ({
    values: await Promise.all(
      [storages[composer], ...plain[composer]].map((storage) => wholeIn(storage, key)),
    ),
  }),
  // Waits for its turn behind everything that this process does with the key, and changes nothing.
  turn: async ({ composer, key }) => {
    return await storages[composer].delete(key, { ifMatch: '"no such version"' }).then(
      () => ({ outcome: "ok" }),
      ({ code }) => ({ outcome: code }),
    );
  },
  rest: async () => {
    // A row that cannot be put right is counted, and not waited for.
    await Promise.race([Promise.all(workers.map((worker) => worker.idle())), delay(REST_MS)]);
    const healths = await Promise.all(Object.values(storages).map((storage) => storage.health()));
    return { rows: healths.map(({ journals }) => journals.map(({ rows }) => rows)).flat() };
  },
  end: async () => {
    await Promise.all(Object.values(storages).map((storage) => storage.close()));
    await journal.close();
    return {};
  },
};

async function obey(line) {
  const command = JSON.parse(line);
  const answer = await COMMANDS[command.do](command);
  say({ id: command.id, answer: { at: now(), ...answer } });
  if (command.do === "end") process.exit(0);
}

createInterface({ input: process.stdin }).on("line", (line) => void obey(line));
say({ id: 0, answer: { asks: members.mirror[0].supports.beforeCommit } });

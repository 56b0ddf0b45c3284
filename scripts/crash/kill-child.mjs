// Writes through a composer of the built packages until it is killed. Says what it begins, and what is acknowledged.
import { createHash, randomUUID } from "node:crypto";
import { join } from "node:path";
import { createStorage, fallback, mirror, StorageError } from "@stowage/core";
import { intercept } from "@stowage/core/provider";
import { sqliteJournal } from "@stowage/journal";
import { local } from "@stowage/local";

const [folder, mode, task, seedText] = process.argv.slice(2);
const KEYS = 12;
const TIMES = { settleMs: 30, graceMs: 30, leaseMs: 2000 };

let seed = Number(seedText);
const random = () => {
  seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
  return seed / 0x7fffffff;
};

/** A member that refuses now and then, so that writes land elsewhere. */
function moody(provider) {
  const around = (call, next) =>
    task === "write" && call.operation === "put" && random() < 0.3
      ? Promise.reject(
          new StorageError("Unavailable", "it is in a mood", {
            operation: "put",
            provider: provider.name,
            applied: "no",
          }),
        )
      : next();
  return intercept(provider, { type: "moody", around });
}

const member = (name) => local({ root: join(folder, name), name, create: true, layout: "portable" });
const journal = sqliteJournal(join(folder, "journal.db"));
const members = [moody(member("a")), member("b")];
const options = { ...TIMES, journal, retry: false };
const provider = mode === "mirror" ? mirror(members, options) : fallback(members, options);
const storage = createStorage(provider);
const worker = storage.startRepair({ pollMs: 50 });

const say = (...words) => process.stdout.write(`${words.join(" ")}\n`);

/** A body that shows when it is torn. */
function bodyOf(id) {
  const size = 200 + Math.floor(random() * 60_000);
  const filler = Buffer.alloc(size, id);
  return Buffer.concat([Buffer.from(`${id} ${createHash("sha256").update(filler).digest("hex")}\n`), filler]);
}

function idIn(bytes) {
  const end = bytes.indexOf("\n");
  const [id, digest] = bytes.subarray(0, end).toString().split(" ");
  const isWhole =
    createHash("sha256")
      .update(bytes.subarray(end + 1))
      .digest("hex") === digest;
  return isWhole ? id : `TORN-${id}`;
}

const WRITERS = 3;

/** Each has keys of its own, so that the order of what happens to a key is known. */
async function writer(own) {
  for (;;) {
    const key = `k${own + WRITERS * Math.floor((random() * KEYS) / WRITERS)}`;
    const id = randomUUID().slice(0, 8);
    const isDelete = random() < 0.2;
    say("begin", key, isDelete ? "-" : id);
    try {
      if (isDelete) await storage.delete(key);
      else await storage.put(key, bodyOf(id));
      say("done", key, isDelete ? "-" : id);
    } catch (error) {
      say(
        error.applied === "no" ? "failed" : error.applied === "yes" ? "done" : "unknown",
        key,
        isDelete ? "-" : id,
      );
    }
  }
}

/** What there is when everything is put right. */
async function check() {
  // The first write of a process removes what dead ones have left.
  for (const each of members) {
    await createStorage(each).put("swept", "");
    await createStorage(each).delete("swept");
  }
  await worker.idle();
  for (let index = 0; index < KEYS; index++) {
    const key = `k${index}`;
    const ids = await Promise.all(
      [storage, ...members.map((each) => createStorage(each))].map(async (each) => {
        try {
          return idIn(Buffer.from(await (await each.get(key)).bytes()));
        } catch (error) {
          return error.code === "NotFound" ? "-" : `ERROR-${error.code}`;
        }
      }),
    );
    say("found", key, ...ids);
  }
  const { journals } = await storage.health();
  say("journal", journals.map(({ rows }) => rows).join(","));
  await storage.close();
  await journal.close();
}

say("ready");
if (task === "check") await check();
else await Promise.all(Array.from({ length: WRITERS }, (_, own) => writer(own)));

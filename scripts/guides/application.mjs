// The application of a guide: keeps objects as its parent says, by the `storage.mjs` of the folder that it runs in.
import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { inspect } from "node:util";

const { journal, storage } = await import(pathToFileURL(resolve("storage.mjs")).href);

/** For how long a write is tried again that has changed nothing, as on a machine that is busy, in milliseconds. */
const PATIENCE_MS = 60_000;

const VERBS = {
  put: async ({ key, text }) => (await patiently(() => storage.put(key, text))).provider,
  delete: async ({ key }) => await patiently(() => storage.delete(key)),
  get: async ({ key }) =>
    createHash("sha256")
      .update(await (await storage.get(key)).bytes())
      .digest("hex"),
  provider: async ({ key }) => (await storage.head(key)).provider,
  list: listed,
  close: async () => {
    await storage.close();
    await journal.close();
  },
};

async function patiently(write) {
  const giveUpAt = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await write();
    } catch (error) {
      if (error.retryable !== true || error.applied !== "no" || performance.now() > giveUpAt) throw error;
      await delay(100);
    }
  }
}

async function listed() {
  const keys = [];
  for await (const { key } of storage.list()) keys.push(key);
  return keys;
}

async function answer({ id, verb, ...given }) {
  try {
    process.send({ id, value: await VERBS[verb](given) });
  } catch (error) {
    process.send({ id, code: error.code ?? "Error", message: inspect(error, { depth: 4 }) });
  }
}

process.on("message", (message) => void answer(message));
process.send({ id: 0 });

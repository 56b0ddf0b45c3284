import { describe, expect, it } from "vitest";
import { isStorageError } from "../../errors.js";
import type { Journal } from "../../journal.js";
import type { StorageProvider } from "../../provider.js";
import type { FileStorage } from "../../storage.js";
import { contents, place } from "../../testing/chain.test-support.js";
import { down } from "../../testing/member.test-support.js";
import { race, type MakeComposer } from "../../testing/races.test-support.js";
import { fallback } from "../fallback.js";
import { mirror } from "../mirror.js";
import { setSplitPercent, split } from "../split.js";
import { adoptKey } from "./replicated.js";

/** Copies that were moved stay for longer than a page of a listing takes, most of the time. */
const GRACE_MS = 20;

const quick = { graceMs: GRACE_MS, settleMs: 0, retry: false, timeouts: false } as const;

const COMPOSERS = {
  "a mirror": (members: readonly StorageProvider[], journal: Journal) =>
    mirror(members, { ...quick, journal }),
  "a mirror that answers after the first": (members: readonly StorageProvider[], journal: Journal) =>
    mirror(members, { ...quick, journal, writes: "primary" }),
  "a chain": (members: readonly StorageProvider[], journal: Journal) =>
    fallback(members, { ...quick, journal }),
};

const splitting: MakeComposer = ([from, to], journal) =>
  split({
    ...quick,
    from: from as StorageProvider,
    to: to as StorageProvider,
    percent: 0,
    salt: "s",
    move: true,
    journal,
  });

/** The text, or `undefined` for a key that has no object. */
async function textOf(storage: FileStorage, key = "a"): Promise<string | undefined> {
  try {
    return await (await storage.get(key)).text();
  } catch (error) {
    if (isStorageError(error, "NotFound")) return undefined;
    throw error;
  }
}

/** Every key, or `undefined` when a page took too long to be whole. */
async function keysOf(storage: FileStorage): Promise<readonly string[] | undefined> {
  const keys: string[] = [];
  try {
    for await (const { key } of storage.list()) keys.push(key);
    return keys;
  } catch (error) {
    if (isStorageError(error, "Unavailable")) return undefined;
    throw error;
  }
}

const codeOf = (result: unknown): string => (isStorageError(result) ? result.code : "done");

describe.each(Object.entries(COMPOSERS))("on %s", (_, make) => {
  it("F1, F13: of two puts at once one is last, with its own metadata, on every member", async () => {
    await race(make, async ({ first, second, start, together, settle }) => {
      const [one, other] = [start(), start()];
      await together(
        () => one.put("a", "one", { metadata: { by: "one" } }),
        () => other.put("a", "other", { metadata: { by: "other" } }),
      );
      await settle(one);
      const read = await one.get("a");
      const text = await read.text();
      expect(read.info.metadata).toEqual({ by: text });
      for (const member of [first, second])
        expect([text, undefined]).toContain((await contents(member))["a"]);
      await Promise.all([one.close(), other.close()]);
    });
  });

  it("F2: a delete beside repair is not undone", async () => {
    await race(make, async ({ first, second, start, together, settle }) => {
      const storage = start();
      second.fault = down;
      await storage.put("a", "abc").catch(() => {});
      second.fault = undefined;
      const repairing = start();
      await together(
        () => storage.delete("a"),
        () => settle(repairing),
      );
      await settle(storage);
      expect(await textOf(storage)).toBeUndefined();
      expect([await contents(first), await contents(second)]).toEqual([{}, {}]);
      await Promise.all([storage.close(), repairing.close()]);
    });
  });

  it("F3, F5: a reader never sees the older of two objects after the newer", async () => {
    await race(make, async ({ start, together }) => {
      const [writer, reader] = [start(), start()];
      await writer.put("a", "1");
      const seen: (string | undefined)[] = [];
      const look = async (): Promise<void> => {
        for (let count = 0; count < 3; count++) seen.push(await textOf(reader));
      };
      await together(() => writer.put("a", "2"), look);
      expect(seen.join()).toMatch(/^[1,]*[2,]*$/);
      expect(await textOf(reader)).toBe("2");
      await Promise.all([writer.close(), reader.close()]);
    });
  });

  it("F11: of two create-only puts exactly one is done", async () => {
    await race(make, async ({ start, together }) => {
      const [one, other] = [start(), start()];
      const results = await together(
        () => one.put("a", "one", { ifNoneMatch: "*" }),
        () => other.put("a", "other", { ifNoneMatch: "*" }),
      );
      expect(results.map(codeOf).toSorted()).toEqual(["AlreadyExists", "done"]);
      expect(await textOf(one)).toBe(codeOf(results[0]) === "done" ? "one" : "other");
      await Promise.all([one.close(), other.close()]);
    });
  });

  it("F8, F9: a listing beside a put that breaks off shows what was there, and nothing of the other", async () => {
    await race(make, async ({ first, second, start, together, settle }) => {
      const storage = start();
      await storage.put("a", "abc");
      const broken = async function* (): AsyncGenerator<Uint8Array> {
        yield Buffer.from("half");
        throw new Error("the client went away");
      };
      const [put, keys = ["a"]] = await together(
        () => storage.put("b", broken()),
        () => keysOf(storage),
      );
      expect(codeOf(put)).not.toBe("done");
      expect(keys).toEqual(["a"]);
      await settle(storage);
      for (const member of [first, second]) expect(await contents(member)).not.toHaveProperty("b");
      await storage.close();
    });
  });

  it("F16: an upload past the composer is adopted whole, whoever writes at the same time", async () => {
    await race(make, async ({ first, start, together, settle }) => {
      const storage = start();
      await storage.put("a", "before");
      await place(first, "a", "uploaded");
      await together(
        () => storage.finalize("a"),
        () => storage.put("a", "written"),
      );
      await settle(storage);
      expect(["uploaded", "written"]).toContain(await textOf(storage));
      await storage.close();
    });
  });
});

describe("on a split that moves its objects", () => {
  it("F6: a change of the percentage beside a put loses nothing", async () => {
    await race(splitting, async ({ first, second, start, provider, together, settle }) => {
      const writer = start();
      const operator = start();
      const changing = provider();
      await writer.put("a", "1");
      await together(
        () => writer.put("a", "2"),
        () => setSplitPercent(changing, 100),
        () => settle(operator),
      );
      await settle(operator);
      await settle(writer);
      expect([await contents(first), await contents(second)]).toEqual([{}, { a: "2" }]);
      await Promise.all([writer.close(), operator.close()]);
    });
  });

  it("F7, F8: what is moved is read and listed at every moment", async () => {
    await race(splitting, async ({ start, provider, together, settle }) => {
      const mover = start();
      const moving = provider();
      const reader = start();
      await mover.put("a", "abc");
      await setSplitPercent(moving, 100);
      const texts: (string | undefined)[] = [];
      const [, , keys = ["a"]] = await together(
        async () => {
          await adoptKey(moving, "a");
          await settle(mover);
        },
        async () => {
          for (let count = 0; count < 3; count++) texts.push(await textOf(reader));
        },
        () => keysOf(reader),
      );
      expect(texts).toEqual(["abc", "abc", "abc"]);
      expect(keys).toEqual(["a"]);
      await Promise.all([mover.close(), reader.close()]);
    });
  });
});

import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Journal } from "../../contract/journal.js";
import { MARKER_KEY } from "../../contract/key.js";
import type { StorageProvider } from "../../contract/provider.js";
import type { FileStorage } from "../../facade/storage.js";
import { contents, place } from "../../testing/chain.test-support.js";
import { breakingAfter, down, failing, losingAnswers } from "../../testing/member.test-support.js";
import { COMPOSERS, codeOf, quick, race, textOf, type Race } from "../../testing/races.test-support.js";
import { patterned } from "../../testing/streams.test-support.js";
import { fallback } from "../fallback.js";
import { mirror } from "../mirror.js";

/** A body that can be read once. */
async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < bytes.byteLength; offset += 1024) {
    yield await Promise.resolve(bytes.subarray(offset, offset + 1024));
  }
}

/** The texts on the members, without what is not the test's. */
async function held({ first, second }: Race, key = "a"): Promise<readonly (string | undefined)[]> {
  return [(await contents(first))[key], (await contents(second))[key]];
}

function composerOf(name: string): typeof mirror {
  if (name === "a chain") return fallback as typeof mirror;
  const writes = name === "a mirror" ? "all" : "primary";
  return (members, options) => mirror(members, { ...options, writes });
}

/** Some rounds of repair: what waits for a member, or for another process, is not waited for. */
async function rounds({ provider }: FileStorage): Promise<void> {
  for (let round = 0; round < 3; round++) await provider.upkeep?.repair({});
}

describe.each(Object.entries(COMPOSERS))("on %s", (name, make) => {
  it("F4: while a member goes down and comes back, what is there is never NotFound", async () => {
    await race(make, async ({ first, start, step, together }) => {
      const [writer, reader] = [start(), start()];
      await writer.put("a", "1");
      const seen: unknown[] = [];
      const look = async (): Promise<void> => {
        for (let count = 0; count < 3; count++) seen.push(await textOf(reader).catch(codeOf));
      };
      const fail = async (): Promise<void> => {
        await step("goes down");
        first.fault = down;
        await step("comes back");
        first.fault = undefined;
      };
      await together(look, fail, () => writer.put("a", "2"));
      expect(seen).not.toContain(undefined);
      await Promise.all([writer.close(), reader.close()]);
    });
  });

  it("F10: a body that can be read once is whole wherever it lands, though a member breaks off", async () => {
    const bytes = patterned(5000);
    await race(make, async (world) => {
      const { first, start, together, settle } = world;
      const [one, other] = [start(), start()];
      first.fault = breakingAfter(1500);
      await together(
        () => one.put("a", once(bytes)),
        () => other.put("b", once(bytes)),
      );
      first.fault = undefined;
      await settle(one);
      for (const key of ["a", "b"]) {
        const texts = (await held(world, key)).filter((text) => text !== undefined);
        expect(texts.length).toBeGreaterThan(0);
        for (const text of texts) expect(text === Buffer.from(bytes).toString()).toBe(true);
      }
      await Promise.all([one.close(), other.close()]);
    });
  });

  it("abort∥complete: a put that is aborted at any moment is there whole or not at all", async () => {
    await race(make, async (world) => {
      const { start, step, together, settle } = world;
      const storage = start();
      await storage.put("a", "before");
      const stop = new AbortController();
      const [result] = await together(
        () => storage.put("a", "after", { signal: stop.signal }),
        async () => {
          await step("is aborted");
          stop.abort(new Error("the client went away"));
        },
      );
      await settle(storage);
      const text = await textOf(storage);
      expect(result instanceof Error ? ["before", "after"] : ["after"]).toContain(text);
      for (const copy of await held(world)) expect([text, undefined]).toContain(copy);
      await storage.close();
    });
  });

  it("a body that is longer than what may be kept is stored whole or not at all", async () => {
    const bytes = patterned(6000);
    const sparing = (members: readonly StorageProvider[], journal: Journal): StorageProvider =>
      composerOf(name)(members, { ...quick, journal, spool: { memoryBytes: 1000, maxBytes: 2000 } });
    await race(sparing, async (world) => {
      const { first, start, step, together, settle } = world;
      const storage = start();
      const [result] = await together(
        () => storage.put("a", once(bytes)),
        async () => {
          await step("breaks");
          first.fault = breakingAfter(3000);
        },
      );
      first.fault = undefined;
      await settle(storage);
      const text = await textOf(storage);
      if (codeOf(result) === "done") expect(text === Buffer.from(bytes).toString()).toBe(true);
      for (const copy of await held(world)) expect(copy === undefined || copy === text).toBe(true);
      await storage.close();
    });
  });

  it("put∥delete: afterwards the key is what was decided last, on every member", async () => {
    await race(make, async (world) => {
      const { start, together, settle } = world;
      const [one, other] = [start(), start()];
      await one.put("a", "before");
      await together(
        () => one.put("a", "after"),
        () => other.delete("a"),
      );
      await settle(one);
      const text = await textOf(other);
      expect([undefined, "after"]).toContain(text);
      for (const copy of await held(world)) expect([text, undefined]).toContain(copy);
      await Promise.all([one.close(), other.close()]);
    });
  });

  it("a create-only put whose answer was lost knows its own first try", async () => {
    await race(make, async ({ first, start, together, settle }) => {
      const [one, other] = [start(), start()];
      first.fault = losingAnswers("put");
      const create = async (): Promise<unknown> =>
        await one.put("a", "abc", { ifNoneMatch: "*", idempotencyKey: "i" });
      const [result] = await together(create, () => textOf(other));
      first.fault = undefined;
      await settle(one);
      const second = codeOf(await create().catch((error: unknown) => error));
      expect([codeOf(result), second]).not.toContain("AlreadyExists");
      expect(await textOf(other)).toBe("abc");
      await Promise.all([one.close(), other.close()]);
    });
  });

  it("F14: a process that wakes up after its key was taken over spoils nothing", async () => {
    const settleMs = 60_000;
    const patient = (members: readonly StorageProvider[], journal: Journal): StorageProvider =>
      composerOf(name)(members, { ...quick, settleMs, waitMs: 0, journal });
    await race(patient, async (world) => {
      const { start, step, pass, together, settle } = world;
      const [paused, other] = [start(), start()];
      await paused.put("a", "before");
      const [first, second] = await together(
        () => paused.put("a", "paused"),
        async () => {
          await step("the lease is over");
          pass(31_000);
          return await other.put("a", "other");
        },
      );
      pass(settleMs);
      await settle(other);
      const text = await textOf(other);
      if (codeOf(second) === "done" && codeOf(first) !== "done") expect(text).toBe("other");
      if (codeOf(first) === "done" && codeOf(second) !== "done") expect(text).toBe("paused");
      for (const copy of await held(world)) expect([text, undefined]).toContain(copy);
      await Promise.all([paused.close(), other.close()]);
    });
  });

  it("F15: what is acknowledged is on as many members as were promised, at that moment", async () => {
    const need = name === "a mirror" ? 2 : 1;
    await race(make, async (world) => {
      const { first, start, step, together } = world;
      const storage = start();
      const copies = async (): Promise<number> => {
        await storage.put("a", "abc");
        return (await held(world)).filter((text) => text === "abc").length;
      };
      const [count] = await together(copies, async () => {
        await step("goes down");
        first.fault = down;
      });
      expect(typeof count === "number" ? count : need).toBeGreaterThanOrEqual(need);
      await storage.close();
    });
  });

  it("a member that comes back after days still loses what was deleted meanwhile", async () => {
    await race(make, async ({ first, second, start, pass, together, settle }) => {
      const storage = start();
      await storage.put("a", "abc");
      await settle(storage);
      first.fault = down;
      await together(() => storage.delete("a"));
      pass(11 * 24 * 60 * 60 * 1000);
      const repairing = start();
      first.fault = undefined;
      await together(
        () => settle(repairing),
        async () => expect(await textOf(storage)).toBeUndefined(),
      );
      expect([await contents(first), await contents(second)]).toEqual([{}, {}]);
      await Promise.all([storage.close(), repairing.close()]);
    });
  });

  it("F19: an empty disk in the place of a member takes nothing from the other", async () => {
    const durable = (members: readonly StorageProvider[], journal: Journal): StorageProvider =>
      make(members, { ...journal, durable: true });
    await race(durable, async ({ first, second, start, step, pass, together }) => {
      const [storage, repairing] = [start(), start()];
      await storage.put("a", "abc");
      await place(second, "a", "abc");
      pass(20_000);
      const lose = async (): Promise<void> => {
        await step("the disk is gone");
        for (const key of ["a", MARKER_KEY]) await first.store.delete(key, {});
      };
      await together(
        lose,
        () => rounds(repairing),
        () => storage.exists("a"),
      );
      expect((await contents(second))["a"]).toBe("abc");
      pass(20_000);
      expect(await storage.exists("a").catch(codeOf)).not.toBe(false);
      await Promise.all([storage.close(), repairing.close()]);
    });
  });
});

describe("when the system's clock is set back by an hour", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
  afterEach(() => void vi.useRealTimers());

  it.each(Object.entries(COMPOSERS))("F20: on %s later writes are later all the same", async (_, make) => {
    await race(make, async (world) => {
      const { first, start, step, pass, together, settle } = world;
      const storage = start();
      first.fault = down;
      await storage.put("a", "1").catch(() => {});
      first.fault = undefined;
      await together(
        async () => {
          await step("the clock is set");
          vi.setSystemTime(Date.now() - 3_600_000);
        },
        async () => {
          await storage.put("a", "2");
          await storage.put("a", "3");
        },
      );
      pass(60_000);
      await settle(storage);
      expect(await textOf(storage)).toBe("3");
      for (const copy of await held(world)) expect(["3", undefined]).toContain(copy);
      await storage.close();
    });
  });
});

describe("on a chain", () => {
  const chain = (members: readonly StorageProvider[], journal: Journal): StorageProvider =>
    fallback(members, { ...quick, journal });

  it("F18: wrong credentials move nothing to the next member", async () => {
    await race(chain, async ({ first, second, start, together }) => {
      const storage = start();
      first.fault = failing("PermissionDenied");
      const results = await together(
        () => storage.put("a", "abc"),
        () => storage.put("b", "abc"),
      );
      expect(results.map(codeOf)).toEqual(["PermissionDenied", "PermissionDenied"]);
      expect(await contents(second)).toEqual({});
      await storage.close();
    });
  });

  it("failback∥overwrite: what is brought home never replaces what was written meanwhile", async () => {
    await race(chain, async (world) => {
      const { first, start, pass, together, settle } = world;
      const [writer, repairing] = [start(), start()];
      first.fault = down;
      await writer.put("a", "away");
      first.fault = undefined;
      await together(
        () => rounds(repairing),
        () => writer.put("a", "home"),
      );
      pass(60_000);
      await settle(repairing);
      expect(await held(world)).toEqual(["home", undefined]);
      await Promise.all([writer.close(), repairing.close()]);
    });
  });
});

describe("F12: after puts that broke off at any moment", () => {
  let directory: string;
  beforeEach(async () => void (directory = await mkdtemp(join(tmpdir(), "stowage-races-"))));
  afterEach(async () => await rm(directory, { recursive: true }));

  it.each(Object.keys(COMPOSERS))("%s leaves no temporary file", async (name) => {
    const spooling = (members: readonly StorageProvider[], journal: Journal): StorageProvider =>
      composerOf(name)(members, { ...quick, journal, spool: { memoryBytes: 1024, directory } });
    await race(spooling, async ({ first, start, step, together, settle }) => {
      const storage = start();
      const stop = new AbortController();
      first.fault = breakingAfter(2000);
      await together(
        () => storage.put("a", once(patterned(6000)), { signal: stop.signal }),
        async () => {
          await step("is aborted");
          stop.abort(new Error("the client went away"));
        },
      );
      first.fault = undefined;
      await settle(storage);
      await storage.close();
      expect(await readdir(directory)).toEqual([]);
    });
  });
});

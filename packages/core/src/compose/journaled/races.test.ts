import { describe, expect, it } from "vitest";
import { contents, place } from "../../testing/chain.test-support.js";
import { down } from "../../testing/member.test-support.js";
import { COMPOSERS, codeOf, keysOf, race, splitting, textOf } from "../../testing/races.test-support.js";
import { setSplitPercent } from "../split.js";
import { adoptKey } from "./upkeep/operators.js";

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

  it("delete∥mover, two movers: what is deleted while it is moved is gone, and no copy is left", async () => {
    await race(splitting, async ({ first, second, start, provider, together, settle }) => {
      const [mover, other] = [start(), start()];
      await mover.put("a", "abc");
      await mover.put("b", "abc");
      await setSplitPercent(provider(), 100);
      await together(
        () => settle(mover),
        () => settle(other),
        () => other.delete("a"),
      );
      await settle(mover);
      await settle(other);
      expect([await contents(first), await contents(second)]).toEqual([{}, { b: "abc" }]);
      await Promise.all([mover.close(), other.close()]);
    });
  });
});

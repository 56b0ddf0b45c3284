import { describe, expect, it } from "vitest";
import { concurrently } from "./concurrently.js";
import { rejection } from "../testing/streams.test-support.js";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function* later<T>(items: readonly T[]): AsyncGenerator<T, void, undefined> {
  for (const item of items) {
    await turn();
    yield item;
  }
}

describe.each([
  ["an iterable", <T>(items: readonly T[]): Iterable<T> | AsyncIterable<T> => items],
  ["an async iterable", later],
])("work on %s", (_, make) => {
  it("is done on every item, with its index", async () => {
    const seen: string[] = [];
    await concurrently(make(["a", "b", "c"]), 2, async (item, index) => void seen.push(`${index}${item}`));
    expect(seen).toEqual(["0a", "1b", "2c"]);
  });

  it("is done on no more items at once than is said, and on as many", async () => {
    let running = 0;
    let most = 0;
    await concurrently(make(Array.from({ length: 20 }, (_item, index) => index)), 3, async () => {
      most = Math.max(most, ++running);
      for (let turns = 0; turns < 5; turns++) await turn();
      running--;
    });
    expect(most).toBe(3);
  });

  it("stops taking items at the first error, and throws it when what was begun has ended", async () => {
    const boom = new Error("boom");
    const begun: number[] = [];
    let ended = 0;
    const failed = concurrently(make([0, 1, 2, 3, 4, 5]), 2, async (item) => {
      begun.push(item);
      for (let turns = 0; turns < 5; turns++) await turn();
      ended++;
      if (item === 1) throw boom;
    });
    expect(await rejection(failed)).toBe(boom);
    expect(begun.length).toBeLessThan(5);
    expect(ended).toBe(begun.length);
  });

  it("of no items ends", async () => {
    await concurrently(make([]), 4, () => expect.unreachable());
    expect.assertions(0);
  });
});

describe("the items", () => {
  it("are asked for one after the other", async () => {
    let asking = 0;
    const items = {
      [Symbol.asyncIterator]: () => {
        let index = 0;
        return {
          next: async () => {
            expect(++asking).toBe(1);
            await turn();
            asking--;
            return index < 5
              ? { done: false as const, value: index++ }
              : { done: true as const, value: undefined };
          },
        };
      },
    };
    await concurrently(items, 3, turn);
    expect(asking).toBe(0);
  });

  it("are returned when the work fails", async () => {
    let returned = false;
    const items = (async function* () {
      try {
        for (;;) yield 1;
      } finally {
        returned = true;
      }
    })();
    await rejection(concurrently(items, 2, () => Promise.reject(new Error("boom"))));
    expect(returned).toBe(true);
  });

  it("that fail end the work with their error", async () => {
    const boom = new Error("boom");
    const items = (async function* () {
      yield 1;
      throw boom;
    })();
    expect(await rejection(concurrently(items, 2, turn))).toBe(boom);
  });
});

import { describe, expect, it } from "vitest";
import { createStorage } from "../facade/create-storage.js";
import type { StorageError, StorageErrorCode } from "../contract/errors.js";
import { compareKeys } from "../contract/key.js";
import { memory } from "../memory/memory.js";
import type { ListPage, StorageProvider } from "../contract/provider.js";
import { place, testChain, type TestChain } from "../testing/chain.test-support.js";
import {
  down,
  failing,
  hanging,
  testMember,
  waiting,
  type TestMember,
} from "../testing/member.test-support.js";
import { randomNumbers, seed } from "../testing/random.test-support.js";
import { rejection } from "../testing/streams.test-support.js";
import { fallback } from "./fallback.js";
import type { ListOptions } from "../contract/call-options.js";

/** All pages of a listing: the entries in order, and how many calls and entries there were. */
async function pagesOf(provider: StorageProvider, options: ListOptions): Promise<ListPage[]> {
  const pages: ListPage[] = [];
  let cursor: string | undefined;
  do {
    const page: ListPage = await provider.list({ ...options, cursor });
    pages.push(page);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return pages;
}

async function names(provider: StorageProvider, options: ListOptions = {}): Promise<string[]> {
  const pages = await pagesOf(provider, options);
  return pages.flatMap(({ objects, prefixes }) =>
    [...objects.map(({ key }) => key), ...prefixes].sort(compareKeys),
  );
}

/** A member that lists without an order. */
function unordered(name: string): TestMember {
  const member = testMember(name, { supports: { orderedList: false } });
  const { list } = member.provider;
  const provider: StorageProvider = {
    ...member.provider,
    list: async (options) => {
      const page = await list(options);
      return { ...page, objects: page.objects.toReversed(), prefixes: page.prefixes.toReversed() };
    },
  };
  return { ...member, provider };
}

describe("a listing of a chain", () => {
  it("has the keys of all members, once each, in UTF-8 byte order", async () => {
    const { provider, first, second, third } = testChain();
    for (const key of ["b", "é", "😀"]) await place(first, key, "1");
    for (const key of ["a", "b", "\ufffd"]) await place(second, key, "2");
    for (const key of ["a", "c", "b"]) await place(third, key, "3");
    expect(await names(provider)).toEqual(["a", "b", "c", "é", "\ufffd", "😀"]);
  });

  it("shows the object of the earliest member that has the key", async () => {
    const { storage, first, second, third } = testChain();
    for (const member of [third, second]) await place(member, "a", member.provider.name);
    await place(first, "b", "first");
    await place(third, "b", "third");
    const { objects } = await storage.listPage();
    expect(objects.map(({ key, provider }) => [key, provider])).toEqual([
      ["a", "second"],
      ["b", "first"],
    ]);
  });

  it.each([1, 2, 3, 100])(
    "rolls keys up to the delimiter over all members, in pages of %d",
    async (limit) => {
      const { provider, first, second, third } = testChain();
      for (const key of ["a/1", "b"]) await place(first, key, "1");
      for (const key of ["a/2", "a!", "c/d/e"]) await place(second, key, "2");
      for (const key of ["a/1", "c/x"]) await place(third, key, "3");
      expect(await names(provider, { limit, delimiter: "/" })).toEqual(["a!", "a/", "b", "c/"]);
      expect(await names(provider, { limit, delimiter: "/", prefix: "c/" })).toEqual(["c/d/", "c/x"]);
    },
  );

  it("never has more entries in a page than the limit, and no cursor on its last page", async () => {
    const { provider, first, second } = testChain();
    for (const key of ["a", "c", "e/f"]) await place(first, key, "1");
    for (const key of ["a", "b", "d"]) await place(second, key, "2");
    const pages = await pagesOf(provider, { limit: 2, delimiter: "/" });
    expect(pages.map(({ objects, prefixes }) => objects.length + prefixes.length)).toEqual([2, 2, 1]);
    expect((await provider.list({ limit: 5, delimiter: "/" })).cursor).toBeUndefined();
  });

  it("of nothing is one empty page", async () => {
    expect(await testChain().provider.list({})).toEqual({ objects: [], prefixes: [] });
  });

  it("goes on where it ended when keys have gone and come, also the one that it stood on", async () => {
    const { provider, first, second } = testChain();
    for (const key of ["a", "c", "e"]) await place(first, key, "1");
    for (const key of ["b", "d", "f"]) await place(second, key, "2");
    const page = await provider.list({ limit: 3 });
    await first.store.delete("c", {});
    await second.store.delete("d", {});
    await place(second, "cc", "2");
    await place(first, "dd", "1");
    const rest = await provider.list({ limit: 10, cursor: page.cursor });
    expect(rest.objects.map(({ key }) => key)).toEqual(["cc", "dd", "e", "f"]);
  });

  it("goes on where it ended with another limit", async () => {
    const { provider, first, second } = testChain();
    for (const key of ["a", "c", "e", "g"]) await place(first, key, "1");
    for (const key of ["b", "d", "f"]) await place(second, key, "2");
    let { cursor } = await provider.list({ limit: 1 });
    ({ cursor } = await provider.list({ limit: 3, cursor }));
    expect((await provider.list({ limit: 100, cursor })).objects.map(({ key }) => key)).toEqual([
      "e",
      "f",
      "g",
    ]);
  });

  it("refuses a cursor that it did not give with InvalidArgument", async () => {
    const { provider } = testChain();
    expect(await rejection(provider.list({ cursor: "nonsense" }))).toMatchObject({ code: "InvalidArgument" });
  });

  it("goes on with its cursor when a member is added or taken away", async () => {
    const { provider, first } = testChain();
    for (const key of ["a", "b", "c"]) await place(first, key, "1");
    const { cursor } = await provider.list({ limit: 1 });
    const two = fallback([testMember("other").provider, first.provider]);
    expect((await two.list({ cursor })).objects.map(({ key }) => key)).toEqual(["b", "c"]);
  });

  it("begins behind a key or a common prefix", async () => {
    const { provider, first, second } = testChain();
    for (const key of ["a", "b/1", "b/2", "d"]) await place(first, key, "1");
    for (const key of ["a/x", "b/3", "c"]) await place(second, key, "2");
    const entries = async (options: ListOptions): Promise<readonly string[]> => {
      const { objects, prefixes } = await provider.list(options);
      return [...objects.map(({ key }) => key), ...prefixes].toSorted(compareKeys);
    };
    expect(await entries({ after: "b/1" })).toEqual(["b/2", "b/3", "c", "d"]);
    expect(await entries({ after: "b/", delimiter: "/" })).toEqual(["c", "d"]);
    expect(await entries({ after: "b/1", delimiter: "/" })).toEqual(["c", "d"]);
  });

  it("refuses the cursor of another listing", async () => {
    const { provider, first } = testChain();
    for (const key of ["a", "b", "c"]) await place(first, key, "1");
    const { cursor } = await provider.list({ limit: 1 });
    expect(await rejection(provider.list({ cursor, prefix: "a" }))).toMatchObject({
      code: "InvalidArgument",
    });
    expect(await rejection(provider.list({ cursor, delimiter: "/" }))).toMatchObject({
      code: "InvalidArgument",
    });
  });

  it(`is the same in pages of any size (seed ${seed})`, async () => {
    const random = randomNumbers();
    const alphabet = ["a", "b", "/", "é", "😀", "\ufffd"];
    const word = (): string =>
      Array.from({ length: 1 + Math.floor(random() * 4) }, () => alphabet[Math.floor(random() * 6)]).join("");
    const scatter = async (chain: TestChain, key: string): Promise<void> => {
      for (const member of [chain.first, chain.second, chain.third]) {
        if (random() < 0.5) await place(member, key, "x");
      }
    };
    for (let round = 0; round < 10; round++) {
      const chain = testChain();
      const keys = Array.from({ length: 40 }, word).filter((key) => !/^\/|\/$|\/\//.test(key));
      for (const key of new Set(keys)) await scatter(chain, key);
      const reference = await unionOf(chain);
      for (const options of [
        {},
        { prefix: "a" },
        { delimiter: "/" } as const,
        { prefix: "b", delimiter: "/" } as const,
      ]) {
        const expected = await names(reference, options);
        const all = [1, 2, 5, 1000].map((limit) => names(chain.provider, { ...options, limit }));
        expect(await Promise.all(all)).toEqual([expected, expected, expected, expected]);
      }
    }
  });
});

/** One provider with the keys of all members. */
async function unionOf({ first, second, third }: TestChain): Promise<StorageProvider> {
  const union = memory();
  const pages = await Promise.all([first, second, third].map(({ store }) => store.list({})));
  for (const { key } of pages.flatMap(({ objects }) => objects)) await createStorage(union).put(key, "x");
  return union;
}

describe("a listing of a chain with a member without an order", () => {
  it.each([1, 2, 100])("is sorted all the same, in pages of %d", async (limit) => {
    const [first, second] = [testMember("first"), unordered("second")];
    for (const key of ["b", "d", "x/1"]) await place(first, key, "1");
    for (const key of ["a", "c", "b", "e", "x/2", "y/1", "y/2"]) await place(second, key, "2");
    const provider = fallback([first.provider, second.provider]);
    expect(await names(provider, { limit })).toEqual(["a", "b", "c", "d", "e", "x/1", "x/2", "y/1", "y/2"]);
    expect(await names(provider, { limit, delimiter: "/" })).toEqual(["a", "b", "c", "d", "e", "x/", "y/"]);
  });

  it("supports an order", () => {
    expect(fallback([unordered("first").provider]).supports.orderedList).toBe(true);
  });
});

describe("a listing of a chain with a member that fails", () => {
  it.each<StorageErrorCode>(["Unavailable", "Timeout", "RateLimited", "Unknown", "Integrity", "OutOfSpace"])(
    "with %s is Unavailable: it is whole or an error",
    async (code) => {
      const { storage, first, second } = testChain();
      await place(first, "a", "1");
      second.fault = failing(code);
      const error = (await rejection(storage.listPage({ prefix: "a" }))) as StorageError;
      expect(error).toMatchObject({
        code: "Unavailable",
        operation: "list",
        provider: "second",
        retryable: false,
        applied: "no",
      });
      expect(error.attempts).toMatchObject([{ provider: "second", error: { code } }]);
    },
  );

  it.each<StorageErrorCode>([
    "Misconfigured",
    "PermissionDenied",
    "Unauthenticated",
    "InvalidArgument",
    "Unsupported",
  ])("with %s has that code", async (code) => {
    const { storage, second } = testChain();
    second.fault = failing(code);
    expect(await rejection(storage.listPage())).toMatchObject({ code, provider: "second" });
  });

  it("with what is no StorageError is Unavailable", async () => {
    const { storage, second } = testChain();
    second.fault = () => Promise.reject(new TypeError("boom"));
    expect(await rejection(storage.listPage())).toMatchObject({ code: "Unavailable", provider: "second" });
  });

  it("on a later page is Unavailable there", async () => {
    const { storage, first, second } = testChain();
    for (const key of ["a", "b", "c"]) await place(first, key, "1");
    const seen: string[] = [];
    const read = async (): Promise<void> => {
      for await (const { key } of storage.list({ limit: 2 })) {
        seen.push(key);
        second.fault = down;
      }
    };
    expect(await rejection(read())).toMatchObject({ code: "Unavailable" });
    expect(seen).toEqual(["a", "b"]);
  });

  it("by hanging is Unavailable", async () => {
    const { storage, third } = testChain({ timeouts: { controlMs: 15 } });
    third.fault = hanging();
    expect(await rejection(storage.listPage())).toMatchObject({ code: "Unavailable", provider: "third" });
  });

  it.each([
    ["an Error", new Error("stop")],
    ["text", "stop"],
  ])("rejects with the reason of an abort: %s", async (_, reason) => {
    const { provider, first } = testChain();
    first.fault = waiting();
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 5);
    expect(await rejection(provider.list({ signal: controller.signal }))).toBe(reason);
  });

  it("during an abort rejects with the reason", async () => {
    const { provider, first } = testChain();
    const controller = new AbortController();
    first.fault = (call, next) => (controller.abort("stop"), down(call, next));
    expect(await rejection(provider.list({ signal: controller.signal }))).toBe("stop");
  });
});

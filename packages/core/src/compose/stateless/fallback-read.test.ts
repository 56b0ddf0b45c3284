import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createStorage } from "../../facade/create-storage.js";
import { ERROR_CODES, type StorageError, type StorageErrorCode } from "../../contract/errors.js";
import type { StorageEvent } from "../../contract/event.js";
import type { StorageProvider } from "../../contract/provider.js";
import type { FileStorage } from "../../facade/storage.js";
import { place, testChain } from "../../testing/chain.test-support.js";
import { down, failing, hanging, testMember, waiting } from "../../testing/member.test-support.js";
import { rejection } from "../../testing/streams.test-support.js";
import { fallback } from "../fallback.js";
import { memory } from "../../memory/memory.js";

const ABSENT: readonly StorageErrorCode[] = ["NotFound", "Unsupported"];
const MOVES_ON: readonly StorageErrorCode[] = [
  "TooLarge",
  "OutOfSpace",
  "RateLimited",
  "Unavailable",
  "Timeout",
  "Integrity",
  "PartialWrite",
  "Unknown",
];
const BY_OPTION = ["Misconfigured", "Unauthenticated", "PermissionDenied"] as const;
const STAYS = (Object.keys(ERROR_CODES) as StorageErrorCode[]).filter(
  (code) => ![...ABSENT, ...MOVES_ON, ...BY_OPTION].includes(code),
);

const reads: readonly (readonly [
  string,
  (storage: FileStorage) => Promise<{ provider: string; mayBeStale?: boolean | undefined }>,
])[] = [
  ["get", async (storage) => (await storage.get("a")).info],
  ["head", (storage) => storage.head("a")],
];

describe.each(reads)("a %s through a chain", (operation, read) => {
  it.each(["first", "second", "third"] as const)(
    "finds the object in the %s member, and says so",
    async (where) => {
      const chain = testChain();
      await place(chain[where], "a", "abc");
      expect(await read(chain.storage)).toMatchObject({
        provider: where,
        ref: chain[where].provider.ref("a"),
        size: 3,
      });
    },
  );

  it.each([...ABSENT, ...MOVES_ON])("moves on when a member fails with %s", async (code) => {
    const { storage, first, second } = testChain();
    await place(second, "a", "abc");
    first.fault = failing(code);
    expect(await read(storage)).toMatchObject({ provider: "second" });
  });

  it.each([...STAYS, ...BY_OPTION])("ends when a member fails with %s", async (code) => {
    const { storage, first, second } = testChain();
    await place(second, "a", "abc");
    first.fault = failing(code);
    expect(await rejection(read(storage))).toMatchObject({ code, provider: "first", applied: "no" });
  });

  it.each(BY_OPTION)("moves on when a member fails with %s and fallbackOn names it", async (code) => {
    const { storage, first, second } = testChain({ fallbackOn: [code] });
    await place(second, "a", "abc");
    first.fault = failing(code);
    expect(await read(storage)).toMatchObject({ provider: "second" });
  });

  it.each(ABSENT)("is NotFound when every member answers so, or with %s", async (code) => {
    const { storage, second } = testChain();
    second.fault = failing(code);
    const error = (await rejection(read(storage))) as StorageError;
    expect(error).toMatchObject({ code: "NotFound", operation, key: "a", retryable: false });
    expect(error.attempts?.map(({ provider }) => provider)).toEqual(["first", "second", "third"]);
  });

  it.each(MOVES_ON)(
    "is Unavailable, never NotFound, when a member fails with %s and no other has it",
    async (code) => {
      const { storage, second } = testChain();
      second.fault = failing(code);
      const error = (await rejection(read(storage))) as StorageError;
      expect(error).toMatchObject({
        code: "Unavailable",
        operation,
        provider: "second",
        key: "a",
        retryable: false,
      });
      expect(error.attempts?.map(({ provider, error: { code: each } }) => [provider, each])).toEqual([
        ["first", "NotFound"],
        ["second", code],
        ["third", "NotFound"],
      ]);
    },
  );

  it("is Unavailable when every member is down", async () => {
    const { storage, first, second, third } = testChain();
    for (const member of [first, second, third]) member.fault = down;
    expect(await rejection(read(storage))).toMatchObject({ code: "Unavailable", retryable: false });
  });

  it("is tried by nobody again when it has been given up", async () => {
    const { storage, first, second, third } = testChain({ retry: { attempts: 2, baseMs: 0 } });
    for (const member of [first, second, third]) member.fault = down;
    await rejection(read(storage));
    for (const { calls } of [first, second, third]) expect(calls).toHaveLength(2);
  });

  it("tries each member twice when nothing else is said", async () => {
    const { storage, first, second } = testChain({ retry: { baseMs: 0, attempts: undefined } });
    await place(second, "a", "abc");
    first.fault = down;
    await read(storage);
    expect(first.calls).toHaveLength(2);
  });

  it("tells of each member that it went past", async () => {
    const { storage, first, second, events } = testChain();
    await place(second, "a", "abc");
    first.fault = down;
    await read(storage);
    expect(events.filter(({ type }) => type === "fallback")).toMatchObject([
      { operation, key: "a", from: "first", to: "second", error: { code: "Unavailable" } },
    ]);
  });

  it("tells of nothing when members just do not have the object", async () => {
    const { storage, third, events } = testChain();
    await place(third, "a", "abc");
    await read(storage);
    expect(events.map(({ type }) => type).filter((type) => type !== "read")).toEqual(["operation"]);
  });

  it("may be stale only while an earlier member is down and overwriting is allowed", async () => {
    for (const overwrites of ["refuse", "may-be-stale"] as const) {
      const { storage, first, second, third } = testChain({ overwrites });
      await place(second, "a", "abc");
      third.fault = down;
      expect((await read(storage)).mayBeStale).toBeUndefined();
      first.fault = down;
      expect((await read(storage)).mayBeStale).toBe(overwrites === "may-be-stale" ? true : undefined);
    }
  });

  it("passes a member that hangs by its limits", async () => {
    const { storage, first, second } = testChain({ timeouts: { firstByteMs: 15, controlMs: 15 } });
    await place(second, "a", "abc");
    first.fault = hanging();
    expect(await read(storage)).toMatchObject({ provider: "second" });
  });
});

describe("a read through a chain", () => {
  it.each([
    ["an Error", new Error("stop")],
    ["text", "stop"],
  ])("rejects with the reason of an abort and asks nobody else: %s", async (_, reason) => {
    const { storage, first, second } = testChain();
    await place(second, "a", "abc");
    first.fault = waiting();
    const controller = new AbortController();
    const read = rejection(storage.get("a", { signal: controller.signal }));
    setTimeout(() => controller.abort(reason), 5);
    expect(await read).toBe(reason);
    expect(second.calls).toEqual([]);
  });

  it("that was aborted while a member failed rejects with the reason", async () => {
    const { storage, first, second } = testChain();
    const controller = new AbortController();
    first.fault = (call, next) => (controller.abort("stop"), failing("Unavailable")(call, next));
    expect(await rejection(storage.get("a", { signal: controller.signal }))).toBe("stop");
    expect(second.calls).toEqual([]);
  });

  it("passes range and condition on", async () => {
    const { storage, second } = testChain();
    await place(second, "a", "0123456789");
    const { etag } = await storage.head("a");
    const part = await storage.get("a", { range: { offset: 2, length: 3 }, ifMatch: etag });
    expect(await part.text()).toBe("234");
    expect(await rejection(storage.get("a", { ifMatch: '"no"' }))).toMatchObject({
      code: "PreconditionFailed",
    });
    expect(await rejection(storage.get("a", { range: { offset: 10 } }))).toMatchObject({
      code: "InvalidRange",
    });
  });

  it("that ends early has the attempts before it", async () => {
    const { storage, first, second } = testChain();
    first.fault = down;
    second.fault = failing("PermissionDenied");
    const error = (await rejection(storage.head("a"))) as StorageError;
    expect(error.attempts?.map(({ provider }) => provider)).toEqual(["first", "second"]);
  });

  it("says of exists false only when every member answered", async () => {
    const { storage, second } = testChain();
    expect(await storage.exists("a")).toBe(false);
    second.fault = down;
    expect(await rejection(storage.exists("a"))).toMatchObject({ code: "Unavailable" });
  });

  it("makes of what is no StorageError an Unknown, and moves on", async () => {
    const { storage, first, second } = testChain();
    await place(second, "a", "abc");
    first.fault = () => Promise.reject(new Error("boom"));
    expect((await storage.get("a")).info.provider).toBe("second");
  });
});

describe("a ref", () => {
  it("reads the very member that it names, also where an earlier one has the key", async () => {
    const { storage, first, second } = testChain();
    await place(first, "a", "older");
    await place(second, "a", "newer");
    const at = storage.at(second.provider.ref("a"));
    expect(at).toMatchObject({ key: "a", provider: "second" });
    expect(await (await at.get()).text()).toBe("newer");
    expect(await at.head()).toMatchObject({ provider: "second" });
    expect(await at.exists()).toBe(true);
  });

  it("asks nobody else when the member has it", async () => {
    const { storage, first, second } = testChain();
    await place(second, "a", "abc");
    first.fault = down;
    expect(await (await storage.at(second.provider.ref("a")).get()).text()).toBe("abc");
    expect(first.calls).toEqual([]);
  });

  it("is never stale when its member answers", async () => {
    const { storage, first, second } = testChain({ overwrites: "may-be-stale" });
    await place(second, "a", "abc");
    first.fault = down;
    expect((await storage.at(second.provider.ref("a")).head()).mayBeStale).toBeUndefined();
  });

  it("finds an object that has moved meanwhile by its key", async () => {
    const { storage, first, second } = testChain();
    await place(first, "a", "moved home");
    expect(await (await storage.at(second.provider.ref("a")).get()).text()).toBe("moved home");
  });

  it("falls back to the others when its member is down, and says that this may be stale", async () => {
    const { storage, first, second } = testChain({ overwrites: "may-be-stale" });
    await place(first, "a", "older");
    await place(second, "a", "newer");
    second.fault = down;
    expect(await storage.at(second.provider.ref("a")).head()).toMatchObject({
      provider: "first",
      mayBeStale: true,
    });
  });

  it("writes through the chain's own way", async () => {
    const { storage, second } = testChain();
    expect(await storage.at(second.provider.ref("a")).put("abc")).toMatchObject({ provider: "first" });
  });

  it("deletes at that very place, waits for nobody else, and names the others", async () => {
    const { storage, first, second } = testChain();
    await place(first, "a", "newer");
    await place(second, "a", "older");
    first.fault = down;
    expect(await storage.at(second.provider.ref("a")).delete()).toEqual({ unconfirmed: ["first", "third"] });
    expect((await first.store.list({})).objects).toHaveLength(1);
    expect((await second.store.list({})).objects).toEqual([]);
  });

  it("gives the links of that very place", async () => {
    const linking = (name: string): StorageProvider => ({
      ...memory({ name }),
      publicUrl: (key: string) => `https://${name}/${key}`,
      signedUrl: async (key: string) => `https://${name}/${key}?signed`,
    });
    const [one, two] = [linking("one"), linking("two")];
    const { ref } = await createStorage(two).put("a", "abc");
    const storage = createStorage(fallback([one, two]));
    expect(await storage.at(ref).publicUrl()).toBe("https://two/a");
    expect(await storage.at(ref).signedUrl()).toBe("https://two/a?signed");
    expect(await storage.publicUrl("a")).toBe("https://two/a");
    await storage.put("b", "abc");
    expect(await storage.publicUrl("b")).toBe("https://one/b");
    expect(await rejection(Promise.resolve(storage.publicUrl("c")))).toMatchObject({ code: "NotFound" });
  });

  it("gives the links of that very place when its member does not answer: a link needs no answer", async () => {
    const link = (key: string): string => `https://one/${key}`;
    const member = testMember("one");
    const one = { ...member.provider, publicUrl: link };
    const storage = createStorage(fallback([one, memory({ name: "two" })], { retry: false }));
    const { ref } = await storage.put("a", "abc");
    member.fault = down;
    expect(await storage.at(ref).publicUrl()).toBe("https://one/a");
    expect(await rejection(Promise.resolve(storage.publicUrl("a")))).toMatchObject({ code: "Unavailable" });
  });

  it("downloads, finds, and finds nothing", async () => {
    const { storage, second, third } = testChain();
    await place(second, "a", "abc");
    const at = storage.at(second.provider.ref("a"));
    expect(await at.find()).toMatchObject({ provider: "second" });
    expect(await storage.at(third.provider.ref("b")).find()).toBeUndefined();
    const directory = await mkdtemp(join(tmpdir(), "stowage-at-"));
    expect(await at.download(join(directory, "a"))).toMatchObject({ provider: "second", size: 3 });
    await rm(directory, { recursive: true });
  });

  it("of nobody is undefined to locate, and InvalidArgument to at", () => {
    const { storage } = testChain();
    expect(storage.locate("memory://fourth/a")).toBeUndefined();
    expect(() => storage.at("memory://fourth/a")).toThrow(
      expect.objectContaining({ code: "InvalidArgument" }),
    );
  });

  it("in a chain within a chain reads the very leaf", async () => {
    const [a, b, c] = [testMember("a"), testMember("b"), testMember("c")];
    const inner = fallback([b.provider, c.provider], { name: "inner" });
    const storage = createStorage(fallback([a.provider, inner], { name: "outer" }));
    for (const member of [a, b, c]) await place(member, "k", member.provider.name);
    for (const member of [a, b, c]) {
      expect(await (await storage.at(member.provider.ref("k")).get()).text()).toBe(member.provider.name);
    }
  });
});

describe("links through a chain", () => {
  const signing = (name: string): StorageProvider => {
    const { provider } = testMember(name);
    return { ...provider, signedUrl: async (key) => `https://${name}/${key}` };
  };

  it("are signed by the member that holds the object", async () => {
    const members = [signing("first"), signing("second")] as const;
    const storage = createStorage(fallback(members));
    await createStorage(members[1]).put("a", "abc");
    expect(await storage.signedUrl("a")).toBe("https://second/a");
  });

  it("are Unsupported when that member has none", async () => {
    const holder = testMember("second");
    const storage = createStorage(fallback([signing("first"), holder.provider]));
    await place(holder, "a", "abc");
    expect(await rejection(storage.signedUrl("a"))).toMatchObject({
      code: "Unsupported",
      provider: "second",
    });
  });

  it("are NotFound for what is not there, and Unavailable when that is not known", async () => {
    const second = testMember("second");
    const storage = createStorage(fallback([signing("first"), second.provider], { retry: false }));
    expect(await rejection(storage.signedUrl("a"))).toMatchObject({ code: "NotFound" });
    second.fault = down;
    expect(await rejection(storage.signedUrl("a"))).toMatchObject({ code: "Unavailable" });
  });

  it("do not exist where no member has them", async () => {
    expect(fallback([testMember("a").provider]).signedUrl).toBeUndefined();
  });
});

describe("events", () => {
  it("of a read name leaves and never a secret", async () => {
    const { storage, first, second, events } = testChain();
    await place(second, "a", "abc");
    first.fault = () => Promise.reject(new Error("https://key:secret@host"));
    await storage.get("a");
    const messages = events.flatMap((event: StorageEvent) =>
      "error" in event ? [(event.error as Error).message] : [],
    );
    expect(messages).toHaveLength(1);
    expect(messages.join()).not.toContain("secret");
  });
});

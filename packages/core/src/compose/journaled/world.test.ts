import { afterEach, describe, expect, it, onTestFinished } from "vitest";
import { toBody } from "../../body/body.js";
import { createStorage } from "../../facade/create-storage.js";
import type { FileStorage } from "../../facade/storage.js";
import type { Journal } from "../../contract/journal.js";
import { memoryJournal } from "../../memory/memory-journal.js";
import { contents } from "../../testing/chain.test-support.js";
import {
  down,
  failing,
  hanging,
  testMember,
  waiting,
  type TestMember,
} from "../../testing/member.test-support.js";
import { rejection, streamOf } from "../../testing/streams.test-support.js";
import { readOnly } from "../../wrap/read-only.js";
import { fallback } from "../fallback.js";
import { mirror, type MirrorOptions } from "../mirror.js";

const QUICK = { graceMs: 0, settleMs: 0, retry: false, breaker: false } as const;

const opened: FileStorage[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((storage) => storage.close({ graceMs: 0 })));
});

function mirrored(
  members: readonly TestMember[],
  journal: Journal,
  options: MirrorOptions = {},
): FileStorage {
  const providers = members.map(({ provider }) => provider);
  const storage = createStorage(mirror(providers, { ...QUICK, journal, ...options }));
  opened.push(storage);
  return storage;
}

function two(): [TestMember, TestMember] {
  return [testMember("first"), testMember("second")];
}

describe("a wait for a key", () => {
  it("ends after waitMs in one process too, and what waited does nothing later", async () => {
    const members = two();
    const storage = mirrored(members, memoryJournal(), { waitMs: 30 });
    members[1].fault = waiting("put");
    const controller = new AbortController();
    const first = rejection(storage.put("a", "first", { signal: controller.signal }));
    const error = await rejection(storage.put("a", "second"));
    expect(error).toMatchObject({ code: "Unavailable", applied: "no", retryable: true });
    members[1].fault = undefined;
    controller.abort(new Error("enough"));
    await first;
    expect(Object.values(await contents(members[1]))).not.toContain("second");
  });

  it("is the same for two composers of one name over one journal", async () => {
    const members = two();
    const journal = memoryJournal();
    const both = [mirrored(members, journal), mirrored(members, journal)] as const;
    const puts = Array.from({ length: 12 }, (_, index) =>
      (both[index % 2] as FileStorage).put("a", String(index)),
    );
    await expect(Promise.all(puts)).resolves.toHaveLength(12);
    expect(await contents(members[0])).toEqual(await contents(members[1]));
  });
});

describe("the suspects that a dead process has left", () => {
  it("keep their times, however often the key is looked at", async () => {
    const journal = memoryJournal();
    const members = two();
    let part: ReturnType<Journal["open"]> | undefined;
    const watched: Journal = { ...journal, open: (owner) => (part = journal.open(owner)) };
    const storage = mirrored(members, watched, { settleMs: 60_000 });
    await storage.put("warm", "x");
    if (part === undefined) throw new Error("The journal was not opened");
    const { revision } = await part.read("a");
    const lease = { process: "dead", until: part.now() + 60_000, sending: ["first", "second"] };
    const row = {
      uncertain: [],
      holds: {},
      suspects: {},
      since: part.now(),
      nextAt: part.now(),
      attempts: 0,
      lease,
    };
    await part.write("a", revision, row);
    const suspects: unknown[] = [];
    for (let count = 0; count < 3; count++) {
      expect(await rejection(storage.put("a", "new"))).toMatchObject({ code: "Unavailable" });
      suspects.push((await part.read("a")).row?.suspects);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect(suspects[1]).toEqual(suspects[0]);
    expect(suspects[2]).toEqual(suspects[0]);
  });
});

describe("a copy that is not needed any more", () => {
  async function atHome(): Promise<{ members: [TestMember, TestMember]; storage: FileStorage }> {
    const members = two();
    const providers = members.map(({ provider }) => provider);
    const storage = createStorage(fallback(providers, { ...QUICK, journal: memoryJournal(), graceMs: 150 }));
    opened.push(storage);
    members[0].fault = down;
    await storage.put("a", "precious");
    members[0].fault = undefined;
    return { members, storage };
  }

  it("stays while its home does not answer", async () => {
    const { members, storage } = await atHome();
    const repair = storage.startRepair({ pollMs: 5 });
    onTestFinished(() => repair.stop());
    while (!Object.hasOwn(await contents(members[0]), "a")) await new Promise(setImmediate);
    members[0].fault = down;
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(await contents(members[1])).toEqual({ a: "precious" });
    expect(await (await storage.get("a")).text()).toBe("precious");
  });

  it("stays when its home has lost the object, which gets it again", async () => {
    const { members, storage } = await atHome();
    const repair = storage.startRepair({ pollMs: 5 });
    while (!Object.hasOwn(await contents(members[0]), "a")) await new Promise(setImmediate);
    await members[0].store.delete("a", {});
    await repair.idle();
    await repair.stop();
    expect(await (await storage.get("a")).text()).toBe("precious");
    expect(await contents(members[0])).toEqual({ a: "precious" });
  });
});

describe("the limit of a caller", () => {
  it.each(["put", "delete"] as const)(
    "is kept by a %s on an ETag that a hanging member may have",
    async (verb) => {
      const members = [...two(), testMember("third")];
      const storage = mirrored(members, memoryJournal());
      await storage.put("a", "1");
      for (const member of members.slice(1)) member.fault = hanging("head");
      const call = { ifMatch: '"another"', timeoutMs: 50 };
      const done = verb === "put" ? storage.put("a", "2", call) : storage.delete("a", call);
      expect(await rejection(done)).toMatchObject({ code: "Timeout" });
    },
  );
});

describe("a composer that may only be read", () => {
  it("adopts no upload", async () => {
    const providers = two().map(({ provider }) => provider);
    const provider = readOnly(mirror(providers, { ...QUICK, journal: memoryJournal() }));
    expect(await rejection(createStorage(provider).finalize("a"))).toMatchObject({ code: "Unsupported" });
  });
});

describe("an object that one member of a mirror has lost", () => {
  it("is read from another one, and the first gets it again", async () => {
    const members = two();
    const storage = mirrored(members, memoryJournal());
    await storage.put("a", "there", { metadata: { author: "ada" } });
    await members[0].store.delete("a", {});
    expect(await (await storage.get("a")).text()).toBe("there");
    await storage.startRepair().idle();
    expect(await members[0].store.head("a", {})).toMatchObject({ metadata: { author: "ada" } });
    expect((await storage.health()).journals?.[0]?.rows).toBe(0);
  });

  it("is NotFound when nobody has it, and the error names the members that did not answer", async () => {
    const members = [...two(), testMember("third")];
    const storage = mirrored(members, memoryJournal());
    await storage.put("warm", "x");
    for (const member of members.slice(1)) member.fault = down;
    const error = await rejection(storage.get("missing"));
    expect(error).toMatchObject({ code: "NotFound", unconfirmed: ["second", "third"] });
    expect(await storage.exists("missing")).toBe(false);
    expect(await storage.find("missing")).toBeUndefined();
  });

  it("is not said to be absent when a member has it, and cannot be read", async () => {
    const members = [...two(), testMember("third")];
    const [first, second, third] = members as [TestMember, TestMember, TestMember];
    const storage = mirrored(members, memoryJournal());
    await storage.put("a", "1");
    await first.store.delete("a", {});
    await third.store.delete("a", {});
    second.fault = failing("Unavailable", {}, "get");
    expect(await rejection(storage.get("a"))).toMatchObject({ code: "Unavailable" });
    second.fault = undefined;
    expect(await (await storage.get("a")).text()).toBe("1");
  });
});

describe("a member that stores something else than it was sent, and says so", () => {
  /** Stores half of every body. */
  const halving: TestMember["fault"] = async (call, next) => {
    const { body } = call;
    if (call.operation !== "put" || body === undefined) return await next();
    const whole = body.bytes ?? Buffer.concat(await body.open().toArray());
    return await next({ body: await toBody(whole.subarray(0, whole.byteLength / 2)) });
  };

  it.each(["bytes", "a stream"])("is passed over by a chain with a journal: %s", async (kind) => {
    const [first, second] = two();
    const journal = memoryJournal();
    const storage = createStorage(fallback([first.provider, second.provider], { ...QUICK, journal }));
    opened.push(storage);
    first.fault = halving;
    const info = await storage.put(
      "a",
      kind === "bytes" ? "0123456789" : streamOf(Buffer.from("0123456789")),
    );
    expect([info.provider, info.size]).toEqual(["second", 10]);
    expect(await contents(first)).toEqual({});
    expect(await (await storage.get("a")).text()).toBe("0123456789");
  });

  it("is passed over by a chain without a journal", async () => {
    const [first, second] = two();
    const storage = createStorage(fallback([first.provider, second.provider], { retry: false }));
    first.fault = halving;
    const info = await storage.put("a", "0123456789");
    expect([info.provider, info.size]).toEqual(["second", 10]);
    expect(await contents(first)).toEqual({});
  });

  it("holds no current copy of a mirror, and gets the whole by repair", async () => {
    const members = two();
    const storage = mirrored(members, memoryJournal(), { writes: "primary" });
    members[0].fault = halving;
    const { copies, provider } = await storage.put("a", "0123456789");
    expect(provider).toBe("second");
    expect(copies?.find((copy) => copy.provider === "first")?.state).not.toBe("current");
    members[0].fault = undefined;
    await storage.startRepair().idle();
    expect(await contents(members[0])).toEqual({ a: "0123456789" });
  });

  it("is told by Integrity when no member has the whole, and nothing is left", async () => {
    const members = two();
    const storage = mirrored(members, memoryJournal());
    for (const member of members) member.fault = halving;
    expect(await rejection(storage.put("a", "0123456789"))).toMatchObject({
      code: "Integrity",
      applied: "no",
    });
    expect(await contents(members[0])).toEqual({});
    expect(await storage.exists("a")).toBe(false);
  });
});

describe("a copy whose bytes have rotted", () => {
  /** Changes the bytes of a member's object, and nothing that it says of it. */
  async function rot({ store }: TestMember, key: string): Promise<void> {
    const { size: _size, etag: _etag, ...facts } = await store.head(key, {});
    await store.put(key, await toBody("rott bytes"), facts);
  }

  it("does not spread: repair copies from another member, and replaces it", async () => {
    const members = [...two(), testMember("third")] as const;
    const events: string[] = [];
    const providers = members.map(({ provider }) => provider);
    const storage = createStorage(
      mirror(providers, { ...QUICK, journal: memoryJournal(), writes: "quorum" }),
      { onEvent: ({ type }) => void events.push(type) },
    );
    opened.push(storage);
    members[2].fault = down;
    await storage.put("a", "good bytes");
    await rot(members[0], "a");
    members[2].fault = undefined;
    await storage.startRepair().idle();
    for (const member of members) expect(await contents(member)).toEqual({ a: "good bytes" });
    expect(events).toContain("wrongBytes");
    expect((await storage.health()).journals?.[0]?.rows).toBe(0);
  });

  it("is not moved: the old side keeps the good one", async () => {
    const [first, second] = two();
    const storage = createStorage(
      fallback([first.provider, second.provider], { ...QUICK, journal: memoryJournal() }),
    );
    opened.push(storage);
    first.fault = down;
    await storage.put("a", "good bytes");
    first.fault = async (call, next) =>
      call.operation === "put" ? await next({ body: await toBody("short") }) : await next();
    const repair = storage.startRepair({ pollMs: 5 });
    await new Promise((resolve) => setTimeout(resolve, 100));
    await repair.stop();
    expect(await contents(second)).toEqual({ a: "good bytes" });
    expect(await (await storage.get("a")).text()).toBe("good bytes");
  });
});

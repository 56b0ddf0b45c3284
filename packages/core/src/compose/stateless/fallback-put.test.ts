import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { PassThrough, Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import type { BodyInput } from "../../body/body.js";
import { createStorage } from "../../facade/create-storage.js";
import { ERROR_CODES, type StorageError, type StorageErrorCode } from "../../contract/errors.js";
import type { Around } from "../../wrap/intercept.js";
import type { StorageEvent } from "../../contract/event.js";
import type { Body } from "../../contract/provider.js";
import type { FileStorage } from "../../facade/storage.js";
import { contents, place, testChain } from "../../testing/chain.test-support.js";
import {
  breakingAfter,
  down,
  failing,
  failingAtFirst,
  faults,
  hanging,
  losingAnswers,
  testMember,
  waiting,
  type TestMember,
} from "../../testing/member.test-support.js";
import {
  openFiles,
  patterned,
  pieces,
  rejection,
  streamOf,
  until,
} from "../../testing/streams.test-support.js";
import { fallback } from "../fallback.js";
import type { PutOptions } from "../../contract/call-options.js";

const CODES = Object.keys(ERROR_CODES) as StorageErrorCode[];

/** The last column of the table of codes, for a put. */
const MOVES_ON: readonly StorageErrorCode[] = [
  "Unsupported",
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
const STAYS = CODES.filter(
  (code) => !MOVES_ON.includes(code) && !(BY_OPTION as readonly string[]).includes(code),
);

const ofType = <Type extends StorageEvent["type"]>(
  events: readonly StorageEvent[],
  type: Type,
): Extract<StorageEvent, { type: Type }>[] =>
  events.filter((event): event is Extract<StorageEvent, { type: Type }> => event.type === type);

/** A member that keeps create-only writes of small bodies alone, and a chain with it. */
function smallCreateOnly(): { member: TestMember; storage: FileStorage; conditions: unknown[] } {
  const conditions: unknown[] = [];
  const fault: Around = async (call, next) => {
    if (call.operation !== "put") return await next();
    const { ifNoneMatch } = call.options as PutOptions;
    conditions.push(ifNoneMatch);
    if (ifNoneMatch !== undefined && call.body?.size !== 1) return await failing("Unsupported")(call, next);
    return await next();
  };
  const member = testMember("s3", { fault, supports: { ifNoneMatchOnMultipart: false } });
  return {
    member,
    storage: createStorage(fallback([member.provider, testMember("disk").provider])),
    conditions,
  };
}

describe("a put through a chain to a member that is create-only for small bodies alone", () => {
  it("is create-only for a small body", async () => {
    const { storage, conditions } = smallCreateOnly();
    expect(await storage.put("a", "x")).toMatchObject({ provider: "s3" });
    expect(conditions).toEqual(["*"]);
  });

  it.each([
    ["bytes", () => patterned(100)],
    ["a stream", () => streamOf(patterned(100), 10)],
  ])("stays with the member for a large one: %s", async (_, body) => {
    const { storage, conditions } = smallCreateOnly();
    expect(await storage.put("a", body())).toMatchObject({ provider: "s3", size: 100 });
    expect(conditions).toEqual(["*", undefined]);
  });

  it("does not ask for it where the body could not be sent again", async () => {
    const { member, conditions } = smallCreateOnly();
    const storage = createStorage(fallback([member.provider]));
    expect(await storage.put("a", streamOf(patterned(100), 10))).toMatchObject({ size: 100 });
    expect(conditions).toEqual([undefined]);
  });

  it("refuses a key that exists all the same", async () => {
    const { storage } = smallCreateOnly();
    await storage.put("a", patterned(100));
    expect(await rejection(storage.put("a", patterned(100)))).toMatchObject({ code: "AlreadyExists" });
  });

  it("goes on to a member that keeps the condition when the caller has set it", async () => {
    const { storage } = smallCreateOnly();
    const made = storage.put("a", patterned(100), { ifNoneMatch: "*" });
    expect(await made).toMatchObject({ provider: "disk" });
  });
});

describe("a put through a chain", () => {
  it("goes to the first member, and says so", async () => {
    const { storage, first, second, third } = testChain();
    const info = await storage.put("a", "abc");
    expect(info).toMatchObject({ provider: "first", ref: first.provider.ref("a") });
    expect(info.unconfirmed).toBeUndefined();
    expect([await contents(first), await contents(second), await contents(third)]).toEqual([
      { a: "abc" },
      {},
      {},
    ]);
  });

  it.each(MOVES_ON)("moves on when a member fails with %s", async (code) => {
    const { storage, first, second, events } = testChain();
    first.fault = failing(code, {}, "put");
    expect(await storage.put("a", "abc")).toMatchObject({ provider: "second" });
    expect(await contents(second)).toEqual({ a: "abc" });
    expect(ofType(events, "fallback")).toMatchObject([
      { operation: "put", key: "a", from: "first", to: "second", error: { code } },
    ]);
  });

  it.each(STAYS)("ends when a member fails with %s", async (code) => {
    const { storage, first, second, third, events } = testChain();
    first.fault = failing(code, {}, "put");
    expect(await rejection(storage.put("a", "abc"))).toMatchObject({ code, provider: "first" });
    expect([await contents(second), await contents(third)]).toEqual([{}, {}]);
    expect(ofType(events, "fallback")).toEqual([]);
  });

  it.each(BY_OPTION)("ends when a member fails with %s", async (code) => {
    const { storage, first, second } = testChain();
    first.fault = failing(code);
    expect(await rejection(storage.put("a", "abc"))).toMatchObject({ code, provider: "first" });
    expect(await contents(second)).toEqual({});
  });

  it("does not say that nothing has changed when an earlier member may have taken it", async () => {
    const { storage, first, second } = testChain();
    first.fault = failing("Unavailable", { applied: "unknown" }, "put");
    second.fault = failing("PermissionDenied", {}, "put");
    expect(await rejection(storage.put("a", "abc"))).toMatchObject({
      code: "PermissionDenied",
      applied: "unknown",
    });
  });

  it.each(BY_OPTION)("moves on when a member fails with %s and fallbackOn names it", async (code) => {
    const { storage, first, second } = testChain({ fallbackOn: [code] });
    first.fault = failing(code);
    expect(await storage.put("a", "abc")).toMatchObject({ provider: "second", unconfirmed: ["first"] });
    expect(await contents(second)).toEqual({ a: "abc" });
  });

  it("moves on over as many members as fail", async () => {
    const { storage, first, second, third, events } = testChain();
    first.fault = failing("OutOfSpace", {}, "put");
    second.fault = failing("RateLimited", {}, "put");
    expect(await storage.put("a", "abc")).toMatchObject({ provider: "third" });
    expect(await contents(third)).toEqual({ a: "abc" });
    expect(ofType(events, "fallback").map(({ from, to }) => [from, to])).toEqual([
      ["first", "second"],
      ["second", "third"],
    ]);
  });

  it("does not ask a member that is down to take a body", async () => {
    const { storage, first } = testChain();
    first.fault = down;
    expect(await storage.put("a", "abc")).toMatchObject({ provider: "second", unconfirmed: ["first"] });
    expect(first.calls).toEqual(["head a"]);
  });

  it("names members that could not be asked, in the result and in an event", async () => {
    const { storage, first, third, events } = testChain();
    first.fault = down;
    third.fault = down;
    expect((await storage.put("a", "abc")).unconfirmed).toEqual(["first", "third"]);
    expect(ofType(events, "unconfirmed")).toMatchObject([{ key: "a", providers: ["first", "third"] }]);
  });

  it("tells of a fallback only for members that it went past", async () => {
    const { storage, third, events } = testChain();
    third.fault = down;
    expect(await storage.put("a", "abc")).toMatchObject({ provider: "first", unconfirmed: ["third"] });
    expect(ofType(events, "fallback")).toEqual([]);
  });

  it("does not wait long for a member that hangs when it is asked", async () => {
    const { storage, first } = testChain({ askMs: 20 });
    first.fault = hanging();
    expect(await storage.put("a", "abc")).toMatchObject({ provider: "second", unconfirmed: ["first"] });
  });

  it("goes past a member that is read-only", async () => {
    const { storage, first, second } = testChain();
    first.fault = failing("Unsupported", {}, "put", "delete");
    expect(await storage.put("a", "abc")).toMatchObject({ provider: "second" });
    expect(await contents(second)).toEqual({ a: "abc" });
  });

  it("keeps headers, metadata and progress on the way", async () => {
    const { storage, first } = testChain();
    first.fault = failing("Unavailable", {}, "put");
    const seen: number[] = [];
    const info = await storage.put("a", streamOf(patterned(300_000)), {
      contentType: "x/y",
      cacheControl: "no-cache",
      metadata: { m: "1" },
      onProgress: ({ loaded }) => void seen.push(loaded),
    });
    expect(info).toMatchObject({ contentType: "x/y", cacheControl: "no-cache", metadata: { m: "1" } });
    expect(seen.at(-1)).toBe(300_000);
  });
});

describe("a put when no member is left", () => {
  it("has one attempt for each member, in their order", async () => {
    const { storage, first, second, third } = testChain();
    first.fault = failing("OutOfSpace", {}, "put");
    second.fault = down;
    third.fault = failing("TooLarge", {}, "put");
    const error = (await rejection(storage.put("a", "abc"))) as StorageError;
    expect(error.attempts?.map(({ provider, error: { code } }) => [provider, code])).toEqual([
      ["first", "OutOfSpace"],
      ["second", "Unavailable"],
      ["third", "TooLarge"],
    ]);
    expect(error).toMatchObject({
      code: "Unavailable",
      retryable: false,
      applied: "no",
      operation: "put",
      key: "a",
    });
  });

  it.each<StorageErrorCode>(["Unavailable", "OutOfSpace", "TooLarge", "Unsupported", "RateLimited"])(
    "has the code that all of them had: %s",
    async (code) => {
      const { storage, first, second, third } = testChain();
      for (const member of [first, second, third]) member.fault = failing(code, {}, "put");
      expect(await rejection(storage.put("a", "abc"))).toMatchObject({ code, retryable: false });
    },
  );

  it("is tried by nobody again", async () => {
    const { storage, first, second, third } = testChain();
    for (const member of [first, second, third]) member.fault = failing("Unavailable", {}, "put");
    await rejection(storage.put("a", "abc"));
    for (const { calls } of [first, second, third])
      expect(calls.filter((call) => call === "put a")).toHaveLength(1);
  });

  it("is unknown when one of them was", async () => {
    const { storage, first, second, third } = testChain();
    first.fault = faults(failing("Unavailable", { applied: "unknown" }, "put"));
    second.fault = failing("OutOfSpace", {}, "put");
    third.fault = failing("OutOfSpace", {}, "put");
    expect(await rejection(storage.put("a", "abc"))).toMatchObject({ applied: "unknown" });
  });
});

describe("a put of a one-shot body", () => {
  const bytes = patterned(3_000_000);
  const kinds: readonly (readonly [string, () => BodyInput])[] = [
    ["a Node stream", () => streamOf(bytes)],
    ["a Web stream", () => ReadableStream.from(pieces(bytes, 9000)) as ReadableStream<Uint8Array>],
    ["a generator", () => Readable.from(pieces(bytes, 50_000)) as AsyncIterable<Uint8Array>],
  ];

  it.each(kinds)("that the first member lost midway lands whole in the second: %s", async (_, make) => {
    const { storage, first, second } = testChain();
    first.fault = breakingAfter(1_500_000);
    expect(await storage.put("a", make())).toMatchObject({ provider: "second", size: bytes.byteLength });
    const { body } = await second.store.get("a", {});
    expect(bytes.equals(body as Uint8Array)).toBe(true);
    expect(await contents(first)).toEqual({});
  });

  it("that two members lost midway lands whole in the third", async () => {
    const { storage, first, second, third } = testChain();
    first.fault = breakingAfter(2_000_000);
    second.fault = breakingAfter(500_000);
    await storage.put("a", streamOf(bytes));
    const { body } = await third.store.get("a", {});
    expect(bytes.equals(body as Uint8Array)).toBe(true);
  });

  it("that the first member read to its end and lost lands whole in the second", async () => {
    const { storage, first, second } = testChain();
    first.fault = breakingAfter(bytes.byteLength);
    await storage.put("a", streamOf(bytes));
    expect((await second.store.head("a", {})).size).toBe(bytes.byteLength);
  });

  it.each([
    ["after success", undefined],
    ["after a fallback", breakingAfter(1_500_000)],
    ["after failure", failing("AlreadyExists", {}, "put")],
  ])("leaves no temporary file %s", async (_, fault) => {
    const before = await spools();
    const { storage, first } = testChain();
    first.fault = fault;
    await storage.put("a", streamOf(bytes)).catch(() => {});
    expect(await spools()).toEqual(before);
  });

  it("is kept only where another member may need it", async () => {
    const seen: boolean[] = [];
    const { storage, first, second, third } = testChain();
    first.fault = (call, next) => {
      if (call.body !== undefined) seen.push(call.body.replayable);
      return next();
    };
    await storage.put("a", streamOf(Buffer.from("abc")));
    second.fault = down;
    third.fault = down;
    await storage.put("b", streamOf(Buffer.from("abc")));
    expect(seen).toEqual([true, false]);
  });

  it("that was too long to be kept says so, and is never cut", async () => {
    const { storage, first, second, third } = testChain({ spool: { maxBytes: 1_000_000 } });
    first.fault = breakingAfter(1_500_000);
    const error = (await rejection(storage.put("a", streamOf(bytes)))) as StorageError;
    expect(error).toMatchObject({ code: "Unavailable", applied: "no", retryable: false });
    expect(error.attempts?.map(({ provider, error: { code } }) => [provider, code])).toEqual([
      ["first", "Unavailable"],
      ["second", "TooLarge"],
      ["third", "TooLarge"],
    ]);
    expect([await contents(second), await contents(third)]).toEqual([{}, {}]);
  });

  it("that was too long to be kept still lands where it goes at once", async () => {
    const { storage } = testChain({ spool: { maxBytes: 1_000_000 } });
    expect(await storage.put("a", streamOf(bytes))).toMatchObject({
      provider: "first",
      size: bytes.byteLength,
    });
  });

  it.each([0, 1_500_000, 3_000_000])(
    "whose source fails after %d bytes commits nothing anywhere",
    async (length) => {
      const { storage, first, second, third, events } = testChain();
      const broken = Readable.from(
        (async function* () {
          yield* pieces(bytes.subarray(0, length), 50_000);
          throw new Error("broken");
        })(),
      );
      expect(await rejection(storage.put("a", broken))).toMatchObject({ code: "SourceError", applied: "no" });
      expect([await contents(first), await contents(second), await contents(third)]).toEqual([{}, {}, {}]);
      expect(ofType(events, "fallback")).toEqual([]);
    },
  );

  it("whose source fails while a second member reads it commits nothing anywhere", async () => {
    const { storage, first, second, third } = testChain();
    first.fault = breakingAfter(500_000);
    const broken = Readable.from(
      (async function* () {
        yield* pieces(bytes.subarray(0, 1_500_000), 50_000);
        throw new Error("broken");
      })(),
    );
    expect(await rejection(storage.put("a", broken))).toMatchObject({ code: "SourceError" });
    expect([await contents(second), await contents(third)]).toEqual([{}, {}]);
  });

  it.each([2_999_999, 3_000_001])("whose size is not %d commits nothing anywhere", async (size) => {
    const { storage, first, second, third } = testChain();
    first.fault = breakingAfter(500_000);
    expect(await rejection(storage.put("a", streamOf(bytes), { size }))).toMatchObject({
      code: "SourceError",
    });
    expect([await contents(second), await contents(third)]).toEqual([{}, {}]);
  });
});

describe("a put that a member cannot take", () => {
  it.each([
    ["an empty object", { emptyObject: false }, "", {}],
    ["metadata", { metadata: false }, "abc", { metadata: { a: "b" } }],
    ["so many bytes", { objectBytesMax: 2 }, "abc", {}],
    ["so long a key", { keyBytesMax: 3 }, "abc", {}],
  ])("goes to the next before a byte moves: %s", async (what, supports, text, options) => {
    const members = [testMember("first", { supports }), testMember("second")] as const;
    const chain = fallback(members.map(({ provider }) => provider));
    const body: Body = { size: text.length, replayable: true, open: () => Readable.from([text]) };
    const info = await chain.put(what === "so long a key" ? "long-key" : "k", body, options);
    expect(info.provider).toBe("second");
    expect(members[0].calls.filter((call) => call.startsWith("put"))).toEqual([]);
  });

  it("is not meant by empty metadata", async () => {
    const members = [testMember("first", { supports: { metadata: false } }), testMember("second")] as const;
    const storage = createStorage(fallback(members.map(({ provider }) => provider)));
    expect(await storage.put("a", "abc", { metadata: {} })).toMatchObject({ provider: "first" });
  });

  it("because nobody can is the caller's to know", async () => {
    const members = [
      testMember("first", { supports: { objectBytesMax: 2 } }),
      testMember("second", { supports: { objectBytesMax: 2 } }),
    ];
    const storage = createStorage(fallback(members.map(({ provider }) => provider)));
    expect(await rejection(storage.put("a", "abc"))).toMatchObject({ code: "TooLarge", applied: "no" });
    expect(await rejection(storage.put("a", streamOf(Buffer.from("abc")), { size: 3 }))).toMatchObject({
      code: "TooLarge",
    });
  });
});

describe("a put whose outcome is unknown", () => {
  it("is asked about, and one that took effect is a success without a second copy", async () => {
    const { storage, first, second, events } = testChain();
    first.fault = failingAtFirst(1, losingAnswers("put"), "put");
    expect(await storage.put("a", "abc")).toMatchObject({ provider: "first", size: 3 });
    expect([await contents(first), await contents(second)]).toEqual([{ a: "abc" }, {}]);
    expect(ofType(events, "verified")).toMatchObject([
      { operation: "put", provider: "first", key: "a", outcome: "applied" },
    ]);
    expect(ofType(events, "fallback")).toEqual([]);
  });

  it("and that is not there moves on, and the member stays unconfirmed: it may still arrive", async () => {
    const { storage, first, second, events } = testChain();
    first.fault = failing("Unavailable", { applied: "unknown" }, "put");
    expect(await storage.put("a", "abc")).toMatchObject({ provider: "second", unconfirmed: ["first"] });
    expect(await contents(second)).toEqual({ a: "abc" });
    expect(ofType(events, "verified")).toMatchObject([{ outcome: "absent" }]);
  });

  it("and about which nobody can be asked moves on, and the member stays unconfirmed", async () => {
    const { storage, first, events } = testChain();
    let put = false;
    first.fault = (call, next) => {
      if (call.operation === "put") put = true;
      return put ? failing("Unavailable", { applied: "unknown" })(call, next) : next();
    };
    expect(await storage.put("a", "abc")).toMatchObject({ provider: "second", unconfirmed: ["first"] });
    expect(ofType(events, "verified")).toMatchObject([{ outcome: "unknown" }]);
  });

  it("and about which a hanging member is asked moves on after askMs", async () => {
    const { storage, first, events } = testChain({ askMs: 20 });
    let put = false;
    first.fault = (call, next) => {
      if (call.operation !== "put") return put ? hanging()(call, next) : next();
      put = true;
      return failing("Unavailable", { applied: "unknown" })(call, next);
    };
    expect(await storage.put("a", "abc")).toMatchObject({ provider: "second" });
    expect(ofType(events, "verified")).toMatchObject([{ outcome: "unknown" }]);
  });

  it("is not taken for applied when somebody else's object is there", async () => {
    const { storage, first } = testChain();
    first.fault = async (call, next) => {
      if (call.operation !== "put") return await next();
      await place(first, "a", "somebody else's");
      return await failing("Unavailable", { applied: "unknown" })(call, next);
    };
    expect(await storage.put("a", "abc")).toMatchObject({ provider: "second", unconfirmed: ["first"] });
  });

  it("is not called absent by a member that keeps no write id, when an object is there", async () => {
    const members = [testMember("first", { supports: { metadata: false } }), testMember("second")] as const;
    const events: StorageEvent[] = [];
    const storage = createStorage(
      fallback(
        members.map(({ provider }) => provider),
        { retry: false },
      ),
      {
        onEvent: (event) => void events.push(event),
      },
    );
    members[0].fault = async (call, next) => {
      if (call.operation !== "put") return await next();
      await place(members[0], "a", "abc");
      return await failing("Unavailable", { applied: "unknown" })(call, next);
    };
    expect(await storage.put("a", "abc")).toMatchObject({ provider: "second", unconfirmed: ["first"] });
    expect(ofType(events, "verified")).toMatchObject([{ outcome: "unknown" }]);
  });

  it("is not asked about when it is known that nothing happened", async () => {
    const { storage, first, events } = testChain();
    first.fault = failing("Unavailable", { applied: "no" }, "put");
    expect((await storage.put("a", "abc")).unconfirmed).toBeUndefined();
    expect(ofType(events, "verified")).toEqual([]);
  });

  it("after a lost try and a refusal is asked about too", async () => {
    const { storage, first, second } = testChain({ retry: { attempts: 2, baseMs: 0 } });
    let tries = 0;
    first.fault = (call, next) => {
      if (call.operation !== "put") return next();
      return tries++ === 0
        ? losingAnswers()(call, next)
        : failing("OutOfSpace", { applied: "no" })(call, next);
    };
    expect(await storage.put("a", "abc")).toMatchObject({ provider: "first" });
    expect(await contents(second)).toEqual({});
  });
});

describe("a put of a key that exists", () => {
  it.each(["first", "second", "third"] as const)(
    "in the %s member is AlreadyExists, with the two cures",
    async (where) => {
      const chain = testChain();
      await place(chain[where], "a", "old");
      const error = (await rejection(chain.storage.put("a", "new"))) as StorageError;
      expect(error).toMatchObject({ code: "AlreadyExists", applied: "no", provider: where });
      expect(error.message).toMatch(/journal.*overwrites: "may-be-stale"/);
      expect(await contents(chain[where])).toEqual({ a: "old" });
    },
  );

  it("and create-only is AlreadyExists in either mode", async () => {
    for (const overwrites of ["refuse", "may-be-stale"] as const) {
      const { storage, second } = testChain({ overwrites });
      await place(second, "a", "old");
      expect(await rejection(storage.put("a", "new", { ifNoneMatch: "*" }))).toMatchObject({
        code: "AlreadyExists",
        provider: "second",
      });
    }
  });

  it("since a moment ago is AlreadyExists: members are told to create only", async () => {
    const { storage, first } = testChain();
    first.fault = async (call, next) => {
      if (call.operation === "put") await place(first, "a", "somebody else's");
      return await next();
    };
    expect(await rejection(storage.put("a", "abc"))).toMatchObject({ code: "AlreadyExists" });
    expect(await contents(first)).toEqual({ a: "somebody else's" });
  });

  it("is one object when many put it at once", async () => {
    const { storage, first, second, third } = testChain();
    const settled = await Promise.allSettled(
      Array.from({ length: 8 }, (_, index) => storage.put("a", `${index}`)),
    );
    expect(settled.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    const all = [await contents(first), await contents(second), await contents(third)];
    expect(all.map((one) => Object.keys(one).length)).toEqual([1, 0, 0]);
  });

  it("of the same write id is the success of the first try", async () => {
    const { provider, second } = testChain();
    const body: Body = { size: 3, replayable: true, open: () => Readable.from([Buffer.from("abc")]) };
    await second.store.put("a", body, { writeId: "w-1" });
    expect(await provider.put("a", body, { writeId: "w-1" })).toMatchObject({ provider: "second" });
  });
});

describe("a put that may leave older copies", () => {
  const options = { overwrites: "may-be-stale" } as const;

  it("replaces the object where it is", async () => {
    const { storage, first } = testChain(options);
    await storage.put("a", "old");
    const info = await storage.put("a", "new");
    expect(info).toMatchObject({ provider: "first" });
    expect(info.unconfirmed).toBeUndefined();
    expect(await contents(first)).toEqual({ a: "new" });
  });

  it("clears older copies in other members", async () => {
    const { storage, first, second, third } = testChain(options);
    await place(second, "a", "old");
    await place(third, "a", "older");
    expect((await storage.put("a", "new")).unconfirmed).toBeUndefined();
    expect([await contents(first), await contents(second), await contents(third)]).toEqual([
      { a: "new" },
      {},
      {},
    ]);
  });

  it("clears an older copy in an earlier member that did not take the new one", async () => {
    const { storage, first, second } = testChain(options);
    await place(first, "a", "old");
    first.fault = failing("OutOfSpace", {}, "put");
    expect(await storage.put("a", "new")).toMatchObject({ provider: "second" });
    expect([await contents(first), await contents(second)]).toEqual([{}, { a: "new" }]);
    expect(await (await storage.get("a")).text()).toBe("new");
  });

  it("clears only the very copy that it saw", async () => {
    const { storage, first, second } = testChain(options);
    await place(second, "a", "old");
    first.fault = async (call, next) => {
      if (call.operation === "put") await place(second, "a", "newer, from somebody else");
      return await next();
    };
    expect(await storage.put("a", "new")).toMatchObject({ provider: "first", unconfirmed: ["second"] });
    expect(await contents(second)).toEqual({ a: "newer, from somebody else" });
  });

  it.each([
    ["that has no conditional delete", { supports: { conditionalDelete: false } }, undefined],
    ["whose delete fails", {}, failing("PermissionDenied", {}, "delete")],
    ["whose delete hangs", {}, hanging("delete")],
  ])("names a member %s", async (_, memberOptions, fault) => {
    const { storage, second, events } = testChain({ ...options, askMs: 30 }, memberOptions);
    await place(second, "a", "old");
    second.fault = fault;
    expect(await storage.put("a", "new")).toMatchObject({ provider: "first", unconfirmed: ["second"] });
    expect(await contents(second)).toEqual({ a: "old" });
    expect(ofType(events, "unconfirmed")).toMatchObject([{ key: "a", providers: ["second"] }]);
  });
});

describe("a put with ifMatch", () => {
  const options = { overwrites: "may-be-stale" } as const;

  it("goes to the member that holds the object, and to no other", async () => {
    const { storage, first, second } = testChain(options);
    await place(second, "a", "old");
    const { etag } = await storage.head("a");
    expect(await storage.put("a", "new", { ifMatch: etag })).toMatchObject({ provider: "second" });
    expect([await contents(first), await contents(second)]).toEqual([{}, { a: "new" }]);
  });

  it.each([
    ["is another", "old"],
    ["is not there", undefined],
  ])("is PreconditionFailed when the object %s", async (_, text) => {
    const { storage, second, first } = testChain(options);
    if (text !== undefined) await place(second, "a", text);
    expect(await rejection(storage.put("a", "new", { ifMatch: '"no"' }))).toMatchObject({
      code: "PreconditionFailed",
      applied: "no",
    });
    expect(await contents(first)).toEqual({});
  });

  it("is Unavailable when an earlier member does not answer: it may hold the object", async () => {
    const { storage, first, second } = testChain(options);
    await place(second, "a", "old");
    const { etag } = await storage.head("a");
    first.fault = down;
    expect(await rejection(storage.put("a", "new", { ifMatch: etag }))).toMatchObject({
      code: "Unavailable",
      applied: "no",
      retryable: false,
    });
    expect(await contents(second)).toEqual({ a: "old" });
  });

  it("fails when its member fails, and moves nowhere", async () => {
    const { storage, first, second } = testChain(options);
    await place(first, "a", "old");
    const { etag } = await storage.head("a");
    first.fault = failing("OutOfSpace", {}, "put");
    expect(await rejection(storage.put("a", "new", { ifMatch: etag }))).toMatchObject({ code: "OutOfSpace" });
    expect([await contents(first), await contents(second)]).toEqual([{ a: "old" }, {}]);
  });

  it("is refused with Unsupported where overwriting is", async () => {
    const { storage } = testChain();
    expect(await rejection(storage.put("a", "new", { ifMatch: '"1"' }))).toMatchObject({
      code: "Unsupported",
    });
  });
});

describe("an abort of a put", () => {
  it.each([
    ["an Error", new Error("stop")],
    ["text", "stop"],
  ])("while members are asked rejects with its reason: %s", async (_, reason) => {
    const { storage, first } = testChain();
    first.fault = waiting("head");
    const controller = new AbortController();
    const put = rejection(storage.put("a", "abc", { signal: controller.signal }));
    setTimeout(() => controller.abort(reason), 5);
    expect(await put).toBe(reason);
    expect(await contents(first)).toEqual({});
  });

  it.each([
    ["an Error", new Error("stop")],
    ["text", "stop"],
  ])("while a member takes the body rejects with its reason, and moves nowhere: %s", async (_, reason) => {
    const { storage, first, second, events } = testChain();
    const controller = new AbortController();
    const source = new PassThrough();
    const put = rejection(storage.put("a", source, { signal: controller.signal }));
    source.write("abc");
    await until(() => first.calls.includes("put a") && source.readableLength === 0);
    controller.abort(reason);
    expect(await put).toBe(reason);
    expect(source.destroyed).toBe(true);
    expect([await contents(first), await contents(second)]).toEqual([{}, {}]);
    expect(ofType(events, "fallback")).toEqual([]);
  });

  it("between two members rejects with its reason", async () => {
    const { storage, first, second } = testChain();
    const controller = new AbortController();
    first.fault = (call, next) => {
      if (call.operation !== "put") return next();
      controller.abort("stop");
      return failing("Unavailable")(call, next);
    };
    expect(await rejection(storage.put("a", "abc", { signal: controller.signal }))).toBe("stop");
    expect(second.calls).not.toContain("put a");
  });

  it("leaves no temporary file", async () => {
    const before = await spools();
    const { storage, first } = testChain({ spool: { memoryBytes: 0 } });
    const controller = new AbortController();
    const source = new PassThrough();
    const put = rejection(storage.put("a", source, { signal: controller.signal }));
    source.write("abc");
    await until(async () => first.calls.includes("put a") && (await spools()).length > before.length);
    controller.abort();
    await put;
    expect(await spools()).toEqual(before);
  });
});

async function spools(): Promise<readonly string[]> {
  const named = (await readdir(tmpdir())).filter((name) => name.startsWith("stowage-spool-"));
  return [...named, ...(await openFiles("stowage-spool-"))];
}

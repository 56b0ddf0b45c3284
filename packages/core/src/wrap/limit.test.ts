import { once } from "node:events";
import type { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { toBody } from "../body/body.js";
import type { Around } from "./intercept.js";
import type { StorageProvider } from "../contract/provider.js";
import { failing, testMember } from "../testing/member.test-support.js";
import {
  patterned,
  readAll,
  rejection,
  streamOf,
  streaming,
  until,
} from "../testing/streams.test-support.js";
import { limit } from "./limit.js";

const body = await toBody("abc");

/** Holds every call until it is let go, and knows which are inside. */
function gate(): {
  readonly around: Around;
  readonly inside: string[];
  readonly letGo: (key: string) => void;
} {
  const inside: string[] = [];
  const waiting = new Map<string, () => void>();
  const around: Around = async (call, next) => {
    const key = call.key ?? "";
    inside.push(key);
    await new Promise<void>((resolve) => waiting.set(key, resolve));
    inside.splice(inside.indexOf(key), 1);
    return await next();
  };
  return { around, inside, letGo: (key) => waiting.get(key)?.() };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("a limit", () => {
  it("lets no more calls in at once, and the others in order", async () => {
    const { around, inside, letGo } = gate();
    const provider = limit(testMember("disk", { fault: around }).provider, { concurrency: 2 });
    const keys = ["a", "b", "c", "d", "e"];
    const puts = keys.map((key) => provider.put(key, body, {}));
    const seen: string[] = [];
    for (const key of keys) {
      await until(() => inside.includes(key) && (key === "e" || inside.length === 2));
      seen.push(inside.join());
      letGo(key);
      await turn();
    }
    await Promise.all(puts);
    expect(seen).toEqual(["a,b", "b,c", "c,d", "d,e", "e"]);
  });

  it.each(["put", "head", "delete", "list", "copy", "deleteMany"])(
    "gives the place back when a %s fails",
    async (verb) => {
      const member = testMember("disk", { fault: failing("Unavailable") });
      const provider = limit(member.provider, { concurrency: 1 });
      const calls: Record<string, () => Promise<unknown> | undefined> = {
        put: () => provider.put("a", body, {}),
        head: () => provider.head("a", {}),
        delete: () => provider.delete("a", {}),
        list: () => provider.list({}),
        copy: () => provider.copy?.("a", "b", {}),
        deleteMany: () => provider.deleteMany?.(["a"], {}),
      };
      for (let round = 0; round < 3; round++) {
        expect(await rejection(calls[verb]?.() ?? Promise.resolve())).toMatchObject({ code: "Unavailable" });
      }
      expect(member.calls).toHaveLength(3);
    },
  );

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, "4"])(
    "that is no whole number above zero is a TypeError: %s",
    (concurrency) => {
      expect(() => limit(testMember("disk").provider, { concurrency: concurrency as number })).toThrow(
        TypeError,
      );
    },
  );
});

describe("a call that waits for its place", () => {
  it.each([
    ["an Error", new Error("stop")],
    ["text", "stop"],
  ])("leaves the queue at once when it is aborted, with the reason: %s", async (_, reason) => {
    const { around, inside, letGo } = gate();
    const member = testMember("disk", { fault: around });
    const provider = limit(member.provider, { concurrency: 1 });
    const controller = new AbortController();
    const first = provider.put("a", body, {});
    const second = rejection(provider.put("b", body, { signal: controller.signal }));
    const third = provider.put("c", body, {});
    await turn();
    controller.abort(reason);
    expect(await second).toBe(reason);
    expect(inside).toEqual(["a"]);
    letGo("a");
    await first;
    await until(() => inside.includes("c"));
    letGo("c");
    await third;
    expect(member.calls).toEqual(["put a", "put c"]);
  });

  it("that was aborted before does not take a place", async () => {
    const member = testMember("disk");
    const provider = limit(member.provider, { concurrency: 1 });
    expect(await rejection(provider.put("a", body, { signal: AbortSignal.abort("stop") }))).toBe("stop");
    await provider.put("b", body, {});
    expect(member.calls).toEqual(["put b"]);
  });

  it("is not disturbed by an abort after its turn has come", async () => {
    const provider = limit(testMember("disk").provider, { concurrency: 1 });
    const controller = new AbortController();
    await Promise.all([provider.put("a", body, {}), provider.put("b", body, { signal: controller.signal })]);
    controller.abort();
    await provider.put("c", body, {});
    expect((await provider.list({})).objects).toHaveLength(3);
  });
});

describe("an object that is being read", () => {
  async function reading(): Promise<{
    provider: StorageProvider;
    opened: Readable[];
    read: () => Promise<Readable>;
  }> {
    const { store } = testMember("disk");
    await store.put("a", await toBody(patterned(2_000_000)), {});
    const source = streaming(store, (bytes) => streamOf(bytes));
    const provider = limit(source, { concurrency: 1 });
    const read = async (): Promise<Readable> => (await provider.get("a", {})).body as Readable;
    return { provider, opened: source.opened, read };
  }

  it("keeps its place until its body has ended", async () => {
    const { provider, read } = await reading();
    const stream = await read();
    let done = false;
    const head = provider.head("a", {}).then(() => (done = true));
    for (let index = 0; index < 5; index++) await turn();
    expect(done).toBe(false);
    await readAll(stream);
    await head;
    expect(done).toBe(true);
  });

  it.each([
    ["destroyed", (stream: Readable) => stream.destroy()],
    ["destroyed with an error", (stream: Readable) => stream.on("error", () => {}).destroy(new Error("x"))],
  ])("gives its place back when it is %s", async (_, drop) => {
    const { provider, read } = await reading();
    const stream = await read();
    await once(stream, "readable");
    drop(stream);
    expect((await provider.head("a", {})).size).toBe(2_000_000);
  });

  it("gives its place back once, however it ends", async () => {
    const { provider, read, opened } = await reading();
    for (let round = 0; round < 3; round++) {
      const stream = await read();
      await readAll(stream);
      stream.destroy();
    }
    const first = await read();
    let second = false;
    const later = read().then((stream) => ((second = true), stream.destroy()));
    for (let index = 0; index < 5; index++) await turn();
    expect(second).toBe(false);
    expect(opened).toHaveLength(4);
    first.destroy();
    await later;
    await provider.head("a", {});
  });

  it("as bytes keeps no place", async () => {
    const { store } = testMember("disk");
    await store.put("a", body, {});
    const provider = limit(store, { concurrency: 1 });
    await provider.get("a", {});
    await provider.get("a", {});
    expect((await provider.head("a", {})).size).toBe(3);
  });
});

import { PassThrough, type Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { toBody } from "../body/body.js";
import { createStorage } from "./create-storage.js";
import { memory } from "../memory/memory.js";
import { failing, testMember } from "../testing/member.test-support.js";
import { patterned, rejection, streaming } from "../testing/streams.test-support.js";

const bytes = patterned(300_000);
const facts = {
  contentType: "x/y",
  cacheControl: "no-cache",
  contentDisposition: "inline",
  metadata: { m: "ö" },
};

describe.each([
  ["that copies by itself", () => testMember("disk")],
  ["that does not", () => testMember("disk", { without: ["copy"] })],
])("a copy in a provider %s", (_, make) => {
  it("has the bytes, the headers and the metadata", async () => {
    const storage = createStorage(make().provider);
    await storage.put("a", bytes, facts);
    expect(await storage.copy("a", "b")).toMatchObject({ key: "b", size: bytes.byteLength, ...facts });
    expect(bytes.equals(await (await storage.get("b")).bytes())).toBe(true);
  });

  it("replaces the target, or leaves it when it is create-only", async () => {
    const storage = createStorage(make().provider);
    await storage.put("a", "new");
    await storage.put("b", "old");
    expect(await rejection(storage.copy("a", "b", { ifNoneMatch: "*" }))).toMatchObject({
      code: "AlreadyExists",
    });
    await storage.copy("a", "b");
    expect(await (await storage.get("b")).text()).toBe("new");
  });

  it("onto itself keeps the object", async () => {
    const storage = createStorage(make().provider);
    await storage.put("a", bytes, facts);
    expect(await storage.copy("a", "a")).toMatchObject({ key: "a", ...facts });
    expect(bytes.equals(await (await storage.get("a")).bytes())).toBe(true);
  });

  it("is not the write that its source was", async () => {
    const member = make();
    const storage = createStorage(member.provider);
    await storage.put("a", "abc", { idempotencyKey: "i" });
    expect((await storage.copy("a", "b")).writeId).not.toBe((await storage.head("a")).writeId);
  });

  it("leaves the source where it was", async () => {
    const storage = createStorage(make().provider);
    const info = await storage.put("a", "abc", facts);
    await storage.copy("a", "b");
    expect(await storage.head("a")).toEqual(info);
  });
});

describe("a copy through this process", () => {
  function breaking(): Readable {
    const stream = new PassThrough();
    stream.write(bytes.subarray(0, 1000));
    setImmediate(() => stream.destroy(new Error("ECONNRESET")));
    return stream;
  }

  it("whose source breaks is Unavailable, not the caller's mistake, and commits nothing", async () => {
    const { provider } = testMember("disk", { without: ["copy"] });
    const storage = createStorage(streaming(provider, breaking));
    await storage.put("a", bytes);
    expect(await rejection(storage.copy("a", "b"))).toMatchObject({ code: "Unavailable", applied: "no" });
    expect(await storage.exists("b")).toBe(false);
  });

  it("releases its source when the target fails", async () => {
    const { provider, store } = testMember("disk", {
      without: ["copy"],
      fault: failing("OutOfSpace", {}, "put"),
    });
    await createStorage(store).put("a", bytes);
    const source = streaming(provider);
    expect(await rejection(createStorage(source).copy("a", "b"))).toMatchObject({ code: "OutOfSpace" });
    expect(source.opened.map(({ destroyed }) => destroyed)).toEqual([true]);
  });

  it("rejects with the reason of an abort and releases its source", async () => {
    const { provider, store } = testMember("disk", { without: ["copy"] });
    await createStorage(store).put("a", bytes);
    const controller = new AbortController();
    const source = streaming(provider, () => {
      setImmediate(() => controller.abort("stop"));
      return new PassThrough();
    });
    expect(await rejection(createStorage(source).copy("a", "b", { signal: controller.signal }))).toBe("stop");
    expect(source.opened[0]?.destroyed).toBe(true);
  });
});

describe("a move", () => {
  it("whose copy fails leaves the source", async () => {
    const { provider } = testMember("disk", { without: ["move"], fault: failing("OutOfSpace", {}, "copy") });
    const storage = createStorage(provider);
    await storage.put("a", "abc");
    expect(await rejection(storage.move("a", "b"))).toMatchObject({ code: "OutOfSpace", applied: "no" });
    expect(await storage.exists("a")).toBe(true);
  });

  it("does not delete what was written to the source meanwhile", async () => {
    const member = testMember("disk", { without: ["move"] });
    const storage = createStorage(member.provider);
    await storage.put("a", "old");
    member.fault = async (call, next) => {
      if (call.operation === "delete") await member.store.put("a", await toBody("new"), {});
      return await next();
    };
    expect(await rejection(storage.move("a", "b"))).toMatchObject({
      code: "PreconditionFailed",
      applied: "yes",
    });
    expect(await (await storage.get("a")).text()).toBe("new");
    expect(await (await storage.get("b")).text()).toBe("old");
  });

  it("of a missing object is NotFound", async () => {
    expect(await rejection(createStorage(memory()).move("a", "b"))).toMatchObject({ code: "NotFound" });
    expect(await rejection(createStorage(memory()).move("a", "a"))).toMatchObject({ code: "NotFound" });
  });
});

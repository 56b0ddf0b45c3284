import { createHash } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import { toBody } from "../body/body.js";
import { fallback } from "../compose/fallback.js";
import { mirror, type MirrorOptions } from "../compose/mirror.js";
import type { StorageProvider } from "../contract/provider.js";
import { memoryJournal } from "../memory/memory-journal.js";
import { down, failing, testMember, type TestMember } from "../testing/member.test-support.js";
import { prefixed } from "../wrap/prefixed.js";
import { readOnly } from "../wrap/read-only.js";
import { createStorage } from "./create-storage.js";
import type { FileStorage } from "./storage.js";

const QUICK = { graceMs: 0, settleMs: 0, retry: false, breaker: false } as const;

const opened: FileStorage[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((storage) => storage.close({ graceMs: 0 })));
});

function open(provider: Parameters<typeof createStorage>[0]): FileStorage {
  const storage = createStorage(provider);
  opened.push(storage);
  return storage;
}

function mirrored(options: MirrorOptions = {}): { storage: FileStorage; members: [TestMember, TestMember] } {
  const members: [TestMember, TestMember] = [testMember("first"), testMember("second")];
  const providers = members.map(({ provider }) => provider);
  return { storage: open(mirror(providers, { ...QUICK, journal: memoryJournal(), ...options })), members };
}

async function repaired(storage: FileStorage): Promise<void> {
  const worker = storage.startRepair();
  await worker.idle();
  await worker.stop();
}

/** Puts other bytes of the same size in the place of a copy, with the facts that it had. */
async function rot({ provider }: TestMember, key: string): Promise<void> {
  const { size, writeId, metadata } = await provider.head(key, {});
  await provider.put(key, await toBody("x".repeat(size)), { writeId, metadata });
}

describe("verify, of a mirror with a journal", () => {
  it("finds nothing where all is well, and counts what it has looked at", async () => {
    const { storage } = mirrored();
    await storage.put("a/1", "one");
    await storage.put("a/2", "two");
    await storage.put("b/1", "three");
    const nothing = { missing: 0, extra: 0, different: 0, unverifiable: 0, findings: [], pending: 0 };
    expect(await storage.verify()).toEqual({ ...nothing, objects: 3 });
    expect(await storage.verify("a/", { deep: true })).toEqual({ ...nothing, objects: 2 });
  });

  it("finds a copy that a member has lost, and has repair bring it back", async () => {
    const { storage, members } = mirrored();
    await storage.put("a", "one");
    await members[1].provider.delete("a", {});
    const finding = {
      kind: "missing",
      key: "a",
      provider: "second",
      reason: "the member does not hold the object",
    };
    expect(await storage.verify()).toMatchObject({ objects: 1, missing: 1, findings: [finding] });
    await repaired(storage);
    expect(await storage.verify("", { deep: true })).toMatchObject({ objects: 1, findings: [] });
  });

  it("finds bytes that have changed only when it reads them, and has repair replace that copy", async () => {
    const { storage, members } = mirrored();
    await storage.put("a", "one");
    await rot(members[0], "a");
    expect(await storage.verify()).toMatchObject({ findings: [] });
    const report = await storage.verify("", { deep: true });
    expect(report).toMatchObject({ different: 1, findings: [{ kind: "different", provider: "first" }] });
    await repaired(storage);
    expect(await storage.verify("", { deep: true })).toMatchObject({ findings: [], pending: 0 });
    expect(Buffer.from(await (await storage.get("a")).bytes()).toString()).toBe("one");
  });

  it("finds a copy of another size without being asked to read bytes", async () => {
    const { storage, members } = mirrored();
    await storage.put("a", "one");
    const { writeId, metadata } = await members[1].provider.head("a", {});
    await members[1].provider.put("a", await toBody("longer"), { writeId, metadata });
    expect(await storage.verify()).toMatchObject({ different: 1, findings: [{ provider: "second" }] });
  });

  it("finds an older version that has come back on a member", async () => {
    const { storage, members } = mirrored();
    await storage.put("a", "one");
    const old = await members[1].provider.head("a", {});
    await storage.put("a", "two");
    await members[1].provider.put("a", await toBody("one"), old);
    expect(await storage.verify()).toMatchObject({
      different: 1,
      findings: [{ kind: "different", provider: "second", reason: "the member holds a different version" }],
    });
    await repaired(storage);
    expect(await storage.verify("", { deep: true })).toMatchObject({ findings: [] });
  });

  it("finds what was deleted and has come back, and has repair remove it", async () => {
    const { storage, members } = mirrored();
    await storage.put("a", "one");
    const old = await members[0].provider.head("a", {});
    await storage.delete("a");
    await members[0].provider.put("a", await toBody("one"), old);
    expect(await storage.verify()).toMatchObject({ extra: 1, findings: [{ kind: "extra", key: "a" }] });
    await repaired(storage);
    await expect(members[0].provider.head("a", {})).rejects.toMatchObject({ code: "NotFound" });
  });

  it("says of a member that does not answer that nobody can tell", async () => {
    const { storage, members } = mirrored({ writes: "primary" });
    await storage.put("a", "one");
    await repaired(storage);
    members[1].fault = failing("Unavailable", {}, "head");
    expect(await storage.verify()).toMatchObject({
      objects: 1,
      unverifiable: 1,
      findings: [{ kind: "unverifiable", provider: "second" }],
    });
  });

  it("says of clients' objects without a digest that their copies agree, or that nobody can tell", async () => {
    const { storage, members } = mirrored();
    for (const { provider } of members) await provider.put("a", await toBody("theirs"), {});
    expect(await storage.verify("", { deep: true, mend: false })).toMatchObject({ findings: [] });
    await members[1].provider.put("a", await toBody("THEIRS"), {});
    const report = await storage.verify("", { deep: true, mend: false });
    expect(report).toMatchObject({ unverifiable: 2 });
  });

  it("leaves an object from before the journal as it is when its copy was made from it", async () => {
    const { storage, members } = mirrored();
    const [first, second] = members.map(({ provider }) => provider) as [StorageProvider, StorageProvider];
    const old = await first.put("a", await toBody("theirs"), {});
    await repaired(storage);
    expect((await second.head("a", {})).size).toBe(6);
    expect(await storage.verify("", { deep: true })).toMatchObject({ objects: 1, findings: [], pending: 0 });
    await repaired(storage);
    expect(await first.head("a", {})).toMatchObject({ etag: old.etag });
  });

  it("finds an object from before the journal that differs from its copy", async () => {
    const { storage, members } = mirrored();
    const [{ provider: first }] = members;
    await first.put("a", await toBody("theirs"), {});
    await repaired(storage);
    await first.put("a", await toBody("THEIRS"), {});
    expect(await storage.verify("", { mend: false })).toMatchObject({ findings: [] });
    expect(await storage.verify("", { deep: true, mend: false })).toMatchObject({ unverifiable: 2 });
    await first.put("a", await toBody("longer than before"), {});
    expect(await storage.verify()).toMatchObject({
      different: 1,
      findings: [{ kind: "different", provider: "first" }],
    });
  });

  it("leaves keys in transition to repair", async () => {
    const { storage, members } = mirrored({ writes: "primary" });
    members[1].fault = down;
    await storage.put("a", "one");
    members[1].fault = undefined;
    expect(await storage.verify()).toMatchObject({ objects: 1, pending: 1, findings: [] });
  });

  it("changes nothing when it is told not to, and under readOnly", async () => {
    const { storage, members } = mirrored();
    await storage.put("a", "one");
    await members[1].provider.delete("a", {});
    expect(await storage.verify("", { mend: false })).toMatchObject({ missing: 1 });
    expect(await open(readOnly(storage.provider)).verify()).toMatchObject({ missing: 1 });
    expect(await storage.verify()).toMatchObject({ missing: 1, pending: 0 });
    expect(await storage.verify()).toMatchObject({ missing: 0, pending: 1 });
  });

  it("names keys as the caller sees them", async () => {
    const { storage, members } = mirrored();
    await storage.put("users/7/a", "one");
    await storage.put("users/8/a", "one");
    for (const key of ["users/7/a", "users/8/a"]) await members[1].provider.delete(key, {});
    const seen: string[] = [];
    const own = open(prefixed(storage.provider, "users/7/"));
    const report = await own.verify("", { onFinding: ({ key }) => void seen.push(key) });
    expect(report).toMatchObject({ objects: 1, missing: 1, findings: [{ key: "a" }] });
    expect(seen).toEqual(["a"]);
  });
});

describe("verify, of others", () => {
  it("finds a second copy in a chain with a journal, and has repair clear it", async () => {
    const members = [testMember("first"), testMember("second")] as const;
    const providers = members.map(({ provider }) => provider);
    const storage = open(fallback(providers, { ...QUICK, journal: memoryJournal() }));
    await storage.put("a", "one");
    const info = await members[0].provider.head("a", {});
    await members[1].provider.put("a", await toBody("one"), info);
    expect(await storage.verify()).toMatchObject({ extra: 1, findings: [{ provider: "second" }] });
    await repaired(storage);
    expect(await storage.verify()).toMatchObject({ findings: [] });
  });

  it("compares the objects of one store with their own digest", async () => {
    const { provider } = testMember("disk");
    const right = createHash("sha256").update("right").digest("hex");
    const digests: Readonly<Record<string, string | undefined>> = { wrong: right, right };
    const storage = open({
      ...provider,
      get: async (key, options) => {
        const result = await provider.get(key, options);
        const value = digests[key];
        const checksum = value === undefined ? undefined : ({ algorithm: "sha256", value } as const);
        return { ...result, info: { ...result.info, checksum } };
      },
    });
    for (const key of ["right", "wrong", "unknown"]) await storage.put(key, key);
    expect(await storage.verify()).toMatchObject({ objects: 3, findings: [] });
    const report = await storage.verify("", { deep: true });
    expect(report).toMatchObject({ objects: 3, different: 1, unverifiable: 1, missing: 0, extra: 0 });
    expect(report.findings.map(({ key }) => key).toSorted()).toEqual(["unknown", "wrong"]);
  });

  it("refuses wrong options and prefixes before anybody is asked", async () => {
    const storage = open(testMember("disk").provider);
    await expect(storage.verify("../up")).rejects.toMatchObject({ code: "InvalidKey" });
    await expect(storage.verify("", { deep: "yes" as unknown as boolean })).rejects.toThrow(TypeError);
    await expect(storage.verify("", { repair: true } as never)).rejects.toThrow(/repair/);
  });

  it("ends when its signal aborts", async () => {
    const { storage } = mirrored();
    await storage.put("a", "one");
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(storage.verify("", { signal })).rejects.toThrow("enough");
  });
});

import { describe, expect, it } from "vitest";
import { createStorage } from "../../../facade/create-storage.js";
import { StorageError } from "../../../contract/errors.js";
import type { MultipartUploads, SignedUpload } from "../../../contract/links.js";
import { memoryJournal } from "../../../memory/memory-journal.js";
import type { StorageEvent } from "../../../contract/event.js";
import type { StorageProvider } from "../../../contract/provider.js";
import type { FileStorage } from "../../../facade/storage.js";
import { contents, place } from "../../../testing/chain.test-support.js";
import { down, testMember, type TestMember } from "../../../testing/member.test-support.js";
import { rejection } from "../../../testing/streams.test-support.js";
import { fallback } from "../../fallback.js";
import { mirror } from "../../mirror.js";

/** A member that lets clients upload: here a test is the client, and puts past the composer. */
function uploadable(name: string): TestMember {
  const member = testMember(name);
  const signUpload = async (key: string): Promise<SignedUpload> => ({
    key,
    method: "PUT",
    url: `https://${name}.example.com/${key}`,
    headers: {},
    expiresAt: new Date(),
  });
  return Object.assign(member, { provider: { ...member.provider, signUpload } });
}

interface World {
  readonly storage: FileStorage;
  readonly first: TestMember;
  readonly second: TestMember;
  readonly events: StorageEvent[];
}

function world(make: (members: readonly StorageProvider[]) => StorageProvider): World {
  const [first, second] = [uploadable("first"), uploadable("second")];
  const events: StorageEvent[] = [];
  const storage = createStorage(make([first.provider, second.provider]), {
    onEvent: (event) => events.push(event),
  });
  return { storage, first, second, events };
}

const quick = { graceMs: 0, settleMs: 0, retry: false } as const;
const mirrored = (): World => world((members) => mirror(members, { ...quick, journal: memoryJournal() }));
const chained = (): World => world((members) => fallback(members, { ...quick, journal: memoryJournal() }));

const textOf = async (storage: FileStorage, key: string): Promise<string> =>
  await (await storage.get(key)).text();

async function rowsOf(storage: FileStorage): Promise<number | undefined> {
  return (await storage.health()).journals?.[0]?.rows;
}

describe("an upload past a composer with a journal", () => {
  it("goes to the member that a put would go to", async () => {
    expect((await mirrored().storage.signUpload("a", { contentLength: 3 })).url).toBe(
      "https://first.example.com/a",
    );
  });

  it("is brought to the other members when it is finalized", async () => {
    const { storage, first, second, events } = mirrored();
    await storage.signUpload("a", { contentLength: 3 });
    await place(first, "a", "new");
    const info = await storage.finalize("a");
    expect(info).toMatchObject({ key: "a", size: 3, provider: "first" });
    await storage.startRepair().idle();
    expect(await (await createStorage(second.store).get("a")).text()).toBe("new");
    expect(events).toContainEqual({ type: "adopted", key: "a", provider: "first" });
    expect(await rowsOf(storage)).toBe(0);
    await storage.close();
  });

  it("replaces what was there before, also on members that held it", async () => {
    const { storage, first, second } = mirrored();
    await storage.put("a", "old");
    await storage.signUpload("a", { contentLength: 3 });
    await place(first, "a", "new");
    await storage.finalize("a");
    await storage.startRepair().idle();
    for (const { store } of [first, second])
      expect(await (await createStorage(store).get("a")).text()).toBe("new");
    await storage.close();
  });

  it("is what reads give as soon as it is finalized, also when its member goes down and repair is to come", async () => {
    const { storage, first } = mirrored();
    await storage.put("a", "old");
    await storage.signUpload("a", { contentLength: 3 });
    await place(first, "a", "new");
    await storage.finalize("a");
    expect(await textOf(storage, "a")).toBe("new");
    first.fault = down;
    expect(await rejection(storage.get("a"))).toMatchObject({ code: "Unavailable" });
  });

  it("stays at home in a chain, and older copies elsewhere are cleared", async () => {
    const { storage, first, second } = chained();
    first.fault = down;
    await storage.put("a", "old");
    first.fault = undefined;
    await storage.signUpload("a", { contentLength: 3 });
    await place(first, "a", "new");
    await storage.finalize("a");
    await storage.startRepair().idle();
    expect(await textOf(storage, "a")).toBe("new");
    expect(await createStorage(second.store).exists("a")).toBe(false);
    await storage.close();
  });

  it("that never came leaves everything as it was", async () => {
    const { storage } = mirrored();
    await storage.put("a", "old");
    await storage.signUpload("a", { contentLength: 3 });
    expect(await storage.finalize("a")).toMatchObject({ size: 3 });
    expect(await textOf(storage, "a")).toBe("old");
    expect(await rowsOf(storage)).toBe(0);
  });

  it("of a key that never had an object, and that never came, is NotFound", async () => {
    const { storage } = mirrored();
    await storage.signUpload("a", { contentLength: 3 });
    expect(await rejection(storage.finalize("a"))).toMatchObject({ code: "NotFound", operation: "finalize" });
  });

  it("in parts, whose completion was answered to nobody, is adopted when the client asks again", async () => {
    const first = testMember("first");
    const second = testMember("second");
    const lost = async (key: string): Promise<never> => {
      await place(first, key, "in parts");
      throw new StorageError("Unavailable", "the connection broke", {
        operation: "multipart",
        provider: "first",
        applied: "unknown",
      });
    };
    const multipart = {
      create: async (key: string) => ({ key, uploadId: "1" }),
      complete: lost,
    } as unknown as MultipartUploads;
    const members = [{ ...first.provider, multipart }, second.provider];
    const storage = createStorage(mirror(members, { ...quick, journal: memoryJournal() }));
    await storage.put("a", "before");
    const upload = await storage.multipart?.create("a");
    const completing = storage.multipart?.complete("a", {
      uploadId: upload?.uploadId ?? "",
      parts: [{ partNumber: 1, etag: "1" }],
    });
    expect(await rejection(completing ?? Promise.resolve())).toMatchObject({ applied: "unknown" });
    await storage.finalize("a");
    await storage.startRepair().idle();
    expect(await textOf(storage, "a")).toBe("in parts");
    expect(await contents(second)).toEqual({ a: "in parts" });
    await storage.close();
  });

  it("is only looked for where there is no journal", async () => {
    const { provider, store } = testMember("alone");
    const storage = createStorage(provider);
    expect(await rejection(storage.finalize("a"))).toMatchObject({ code: "NotFound" });
    await createStorage(store).put("a", "new");
    expect(await storage.finalize("a")).toMatchObject({ size: 3, provider: "alone" });
  });

  it("is refused where no member has uploads", async () => {
    const members = [testMember("x").provider, testMember("y").provider];
    const storage = createStorage(mirror(members, { journal: memoryJournal() }));
    expect(await rejection(storage.signUpload("a", { contentLength: 3 }))).toMatchObject({
      code: "Unsupported",
    });
  });
});

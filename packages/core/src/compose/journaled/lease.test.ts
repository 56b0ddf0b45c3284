import { describe, expect, it } from "vitest";
import { createStorage } from "../../facade/create-storage.js";
import { StorageError } from "../../contract/errors.js";
import type { Journal, JournalPart } from "../../contract/journal.js";
import { memoryJournal } from "../../memory/memory-journal.js";
import type { FileStorage } from "../../facade/storage.js";
import { testMember, waiting, type TestMember } from "../../testing/member.test-support.js";
import { patterned, rejection, streamOf } from "../../testing/streams.test-support.js";
import { mirror } from "../mirror.js";
import type { KeyRow } from "../../contract/key-row.js";

interface World {
  readonly members: readonly TestMember[];
  readonly storage: FileStorage;
  /** As another process sees the composer's part of the journal. */
  readonly part: JournalPart;
  readonly fail: (isFailing: boolean) => void;
}

/** The lease is renewed every 500 ms: a shorter one would be lost where the machine is busy. */
function world(): World {
  const journal = memoryJournal();
  let isFailing = false;
  let part: JournalPart | undefined;
  const failable: Journal = {
    ...journal,
    open: (owner) => {
      const own = journal.open(owner);
      part = own;
      return {
        ...own,
        write: async (...given) => {
          if (!isFailing) return await own.write(...given);
          throw new StorageError("Unavailable", "the disk is full", {
            operation: "open",
            provider: "journal",
          });
        },
      };
    },
  };
  const members = [testMember("first"), testMember("second")];
  const options = { journal: failable, leaseMs: 1500, settleMs: 0, graceMs: 0, retry: false } as const;
  const storage = createStorage(
    mirror(
      members.map(({ provider }) => provider),
      options,
    ),
  );
  if (part === undefined) throw new Error("The journal was not opened");
  return { members, storage, part, fail: (value) => (isFailing = value) };
}

/** Resolves when a put has reached the member, where it stays until it is aborted. */
async function putting(member: TestMember): Promise<void> {
  const wait = waiting("put");
  await new Promise<void>((resolve) => {
    member.fault = async (call, next) => {
      if (call.operation === "put") resolve();
      return await wait(call, next);
    };
  });
}

/** What a process does that believes that the one with the lease is dead. */
async function takeOver(part: JournalPart, key: string): Promise<void> {
  for (;;) {
    const { row, revision } = await part.read(key);
    const lease = { process: "another", until: part.now() + 60_000, sending: [] };
    if (await part.write(key, revision, { ...(row as KeyRow), lease })) return;
  }
}

describe("a put whose key is taken over by another process", () => {
  it("is broken off on every member, and fails with Conflict, which says that nothing was stored", async () => {
    const { members, storage, part } = world();
    const begun = Promise.all(members.map(putting));
    const failure = rejection(storage.put("a", streamOf(patterned(100_000))));
    await begun;
    await takeOver(part, "a");
    expect(await failure).toMatchObject({ code: "Conflict", applied: "no" });
    await storage.close();
    expect((await part.read("a")).row?.suspects).toHaveProperty("second");
  });

  it("is broken off when its lease cannot be renewed before it is over", async () => {
    const { members, storage, fail } = world();
    const begun = Promise.all(members.map(putting));
    const failure = rejection(storage.put("a", "abc"));
    await begun;
    fail(true);
    expect(await failure).toMatchObject({ code: "Unavailable", applied: "unknown" });
  });
});

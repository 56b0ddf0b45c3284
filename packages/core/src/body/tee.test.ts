import { once } from "node:events";
import { PassThrough } from "node:stream";
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { afterEach, describe, expect, it, vi } from "vitest";
import { toBody } from "./body.js";
import type { Body } from "../contract/provider.js";
import { patterned, readAll, rejection, streamOf, until } from "../testing/streams.test-support.js";
import { teeBody, type Share } from "./tee.js";

const MIB = 1024 * 1024;

afterEach(() => {
  vi.useRealTimers();
});

/** A one-shot body, and how often it was opened and how much was taken from it. */
function counted(
  bytes: Uint8Array,
  pieceBytes = 64 * 1024,
): { body: Body; opened: () => number; taken: () => number } {
  let opened = 0;
  let taken = 0;
  function* pieces(): Generator<Uint8Array> {
    for (let offset = 0; offset < bytes.byteLength; offset += pieceBytes) {
      const piece = bytes.subarray(offset, offset + pieceBytes);
      taken += piece.byteLength;
      yield piece;
    }
  }
  const body: Body = {
    replayable: false,
    open: () => {
      opened++;
      return Readable.from(pieces(), { objectMode: false });
    },
  };
  return { body, opened: () => opened, taken: () => taken };
}

const share = (shares: readonly Share[], index: number): Share => shares[index] as Share;

describe("a body that is read for several", () => {
  it("is read once, and every reader gets all of it", async () => {
    const bytes = patterned(3 * MIB + 17);
    const { body, opened } = counted(bytes);
    const { shares, sha256 } = teeBody(body, 3);
    const read = await Promise.all(shares.map((each) => readAll(each.body.open())));
    for (const each of read) expect(each.equals(bytes)).toBe(true);
    expect(opened()).toBe(1);
    expect(sha256()).toBe(createHash("sha256").update(bytes).digest("hex"));
    expect(shares.map((each) => each.mayBeWhole())).toEqual([true, true, true]);
  });

  it("waits for the slowest when it is 8 MiB behind, and goes on when it catches up", async () => {
    const bytes = patterned(32 * MIB);
    const { body, taken } = counted(bytes, MIB);
    const { shares } = teeBody(body, 2);
    const slow = share(shares, 1).body.open();
    const fast = readAll(share(shares, 0).body.open());
    await until(() => taken() >= 8 * MIB);
    await new Promise((resolve) => setImmediate(resolve));
    expect(taken()).toBeLessThan(11 * MIB);
    expect((await readAll(slow)).equals(bytes)).toBe(true);
    expect((await fast).equals(bytes)).toBe(true);
  });

  it("does not wait for a reader that has gone", async () => {
    const bytes = patterned(20 * MIB);
    const { shares } = teeBody(counted(bytes, MIB).body, 2);
    const gone = share(shares, 1);
    gone.body.open();
    const fast = readAll(share(shares, 0).body.open());
    gone.leave();
    expect((await fast).equals(bytes)).toBe(true);
    expect(gone.mayBeWhole()).toBe(false);
  });

  it("does not wait for one that never began", async () => {
    const bytes = patterned(20 * MIB);
    const { shares } = teeBody(counted(bytes, MIB).body, 2);
    const fast = readAll(share(shares, 0).body.open());
    share(shares, 1).leave();
    expect((await fast).equals(bytes)).toBe(true);
  });

  it("lets one go that takes nothing for two seconds, where enough are left", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const bytes = patterned(20 * MIB);
    const { body, taken } = counted(bytes, MIB);
    const tooSlow = (): Error => new Error("too slow");
    const { shares } = teeBody(body, 2, { need: 1, tooSlow });
    const stuck = share(shares, 1).body.open();
    const ended = new Promise((resolve) => stuck.once("error", resolve));
    const fast = readAll(share(shares, 0).body.open());
    while (taken() < 8 * MIB) await new Promise((resolve) => setImmediate(resolve));
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    vi.advanceTimersByTime(2000);
    expect(await ended).toMatchObject({ message: "too slow" });
    expect((await fast).equals(bytes)).toBe(true);
  });

  it("fails for every reader when the source fails, with its own error", async () => {
    const cause = new Error("the camera was unplugged");
    async function* camera(): AsyncGenerator<Uint8Array, void, undefined> {
      yield patterned(100);
      throw cause;
    }
    const { shares, sha256 } = teeBody(await toBody(camera()), 2);
    const failures = await Promise.all(shares.map((each) => rejection(readAll(each.body.open()))));
    for (const failure of failures) expect(failure).toMatchObject({ code: "SourceError", cause });
    expect(shares.map((each) => each.mayBeWhole())).toEqual([false, false]);
    expect(sha256()).toBeUndefined();
  });

  it("is closed when every reader has gone", async () => {
    const source = new PassThrough();
    source.write("the beginning");
    const { shares } = teeBody(await toBody(source), 2);
    for (const each of shares) each.body.open().resume();
    await once(source, "data");
    for (const each of shares) each.leave();
    await until(() => source.destroyed);
    expect(source.readableEnded).toBe(false);
  });

  it("is read again by one who opens it again, where that can be done", async () => {
    const bytes = patterned(1000);
    const { shares } = teeBody(await toBody(() => streamOf(bytes)), 2);
    const first = share(shares, 0);
    await readAll(first.body.open());
    expect((await readAll(first.body.open())).equals(bytes)).toBe(true);
    expect((await readAll(first.body.open({ offset: 10, length: 5 }))).equals(bytes.subarray(10, 15))).toBe(
      true,
    );
    expect((await readAll(share(shares, 1).body.open())).equals(bytes)).toBe(true);
  });

  it("that is in memory is shared as it is", async () => {
    const bytes = patterned(1000);
    const body = await toBody(bytes);
    const { shares, sha256 } = teeBody(body, 2);
    for (const each of shares) expect(each.body).toBe(body);
    expect(sha256()).toBeUndefined();
  });

  it("may be empty", async () => {
    const { shares, sha256 } = teeBody(await toBody(Readable.from([])), 2);
    const read = await Promise.all(shares.map((each) => readAll(each.body.open())));
    expect(read.map(({ byteLength }) => byteLength)).toEqual([0, 0]);
    expect(sha256()).toBe(createHash("sha256").digest("hex"));
    expect(shares.map((each) => each.mayBeWhole())).toEqual([true, true]);
  });
});

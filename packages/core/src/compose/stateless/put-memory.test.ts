import { describe, expect, it } from "vitest";
import type { ComposedProvider } from "../../contract/composed-provider.js";
import { createStorage } from "../../facade/create-storage.js";
import { memoryJournal } from "../../memory/memory-journal.js";
import { testMember } from "../../testing/member.test-support.js";
import { fallback } from "../fallback.js";
import type { MemberOptions } from "../members.js";
import { mirror } from "../mirror.js";

const KIB = 1024;
const WINDOW_BYTES = 8 * KIB * KIB;

async function* source(bytes: number): AsyncGenerator<Uint8Array, void, undefined> {
  yield new Uint8Array(bytes);
}

interface Settings extends MemberOptions {
  readonly memoryBytes: number;
}

type Compose = (members: readonly ComposedProvider[], settings: Settings) => ComposedProvider;

/** By how many of two members have a body at the same time. */
const COMPOSERS: readonly (readonly [name: string, atOnce: number, compose: Compose])[] = [
  ["a mirror", 2, mirror],
  ["a mirror with a journal", 2, (members, more) => mirror(members, { ...more, journal: memoryJournal() })],
  ["a chain", 1, fallback],
  ["a chain with a journal", 1, (members, more) => fallback(members, { ...more, journal: memoryJournal() })],
];

interface TwoPuts {
  readonly memoryBytes: number;
  /** What each member says that it keeps of a stream. */
  readonly bufferedBytes?: number;
  /** That each body declares. */
  readonly size?: number;
}

/** Puts a stream and then another, while the first member does not go on with the first. @returns Whether a member was asked for both. */
async function areBothSent(
  compose: Compose,
  { memoryBytes, bufferedBytes, size }: TwoPuts,
): Promise<boolean> {
  const supports = { bufferedBytes };
  const [first, second] = [testMember("first", { supports }), testMember("second", { supports })];
  const provider = compose([first.provider, second.provider], { memoryBytes, retry: false });
  const storage = createStorage(provider);
  let goOn: () => void = () => {};
  const held = new Promise<void>((resolve) => (goOn = resolve));
  let reached: () => void = () => {};
  const isReached = new Promise<void>((resolve) => (reached = resolve));
  first.fault = async (call, next) => {
    if (call.operation === "put" && call.key === "one") {
      reached();
      await held;
    }
    return await next();
  };
  const put = async (key: string): Promise<unknown> =>
    await storage.put(key, source(size ?? KIB), size === undefined ? {} : { size });
  const one = put("one");
  await isReached;
  const two = put("two");
  // Whatever waits for nothing but its members is done by then.
  for (let turn = 0; turn < 10; turn++) await storage.exists("another");
  const areBoth = first.calls.some((call) => call.endsWith(" two"));
  goOn();
  await Promise.all([one, two]);
  expect(first.calls).toContain("put two");
  return areBoth;
}

describe.each(COMPOSERS)("the memory for a stream through %s", (_, atOnce, compose) => {
  it("may be all that there is: no member is asked for the next put before", async () => {
    expect(await areBothSent(compose, { memoryBytes: 64 * KIB })).toBe(false);
  });

  it("holds what members keep that have it at the same time", async () => {
    const bufferedBytes = 3 * KIB * KIB;
    const each = WINDOW_BYTES + atOnce * bufferedBytes;
    expect(await areBothSent(compose, { bufferedBytes, memoryBytes: 2 * each })).toBe(true);
    expect(await areBothSent(compose, { bufferedBytes, memoryBytes: 2 * each - 1 })).toBe(false);
  });

  it("is no more for each of them than its declared size", async () => {
    const size = 64 * KIB;
    const sized = { size, bufferedBytes: 3 * KIB * KIB };
    const each = size + atOnce * size;
    expect(await areBothSent(compose, { ...sized, memoryBytes: 2 * each })).toBe(true);
    expect(await areBothSent(compose, { ...sized, memoryBytes: 2 * each - 1 })).toBe(false);
  });

  it("is what the composer says of itself", () => {
    const bufferedBytes = 3 * KIB * KIB;
    const members = ["first", "second"].map((name) => testMember(name, { supports: { bufferedBytes } }));
    const { supports } = compose(
      members.map(({ provider }) => provider),
      { memoryBytes: WINDOW_BYTES },
    );
    expect(supports.bufferedBytes).toBe(WINDOW_BYTES + atOnce * bufferedBytes);
  });
});

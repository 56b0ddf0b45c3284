import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ComposedProvider } from "../../../contract/composed-provider.js";
import type { StorageEvent } from "../../../contract/event.js";
import { memoryJournal } from "../../../memory/memory-journal.js";
import { down, testMember } from "../../../testing/member.test-support.js";
import { mirror } from "../../mirror.js";

const SECOND_MS = 1000;

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date", "performance"] }));
afterEach(() => void vi.useRealTimers());

function worldWithout(): ComposedProvider {
  const [first, second] = [testMember("a"), testMember("b", { fault: down })];
  const options = { writes: "primary", retry: false, breaker: false, journal: memoryJournal() } as const;
  return mirror([first.provider, second.provider], options);
}

describe("a new mirror whose second member is down", () => {
  it("compares the members after pauses that grow to a minute", async () => {
    const events: StorageEvent[] = [];
    const provider = worldWithout();
    const pauses: (number | undefined)[] = [];
    for (let round = 0; round < 9; round++) {
      const pauseMs = await provider.upkeep?.repair({ onEvent: (event) => void events.push(event) });
      pauses.push(pauseMs === undefined ? undefined : Math.round(pauseMs / SECOND_MS));
      vi.advanceTimersByTime(pauseMs ?? 0);
    }
    expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
    expect(events.map(({ type }) => type)).toEqual(pauses.map(() => "repairFailed"));
  });

  it("does not compare them again before the pause is over", async () => {
    const events: StorageEvent[] = [];
    const provider = worldWithout();
    for (let round = 0; round < 5; round++) {
      await provider.upkeep?.repair({ onEvent: (event) => void events.push(event) });
    }
    expect(events).toHaveLength(1);
  });
});

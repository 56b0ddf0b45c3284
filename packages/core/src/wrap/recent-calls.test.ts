import { describe, expect, it } from "vitest";
import { RecentCalls } from "./recent-calls.js";

const WINDOW_MS = 1000;

describe("recent calls", () => {
  it("count with their failures while they are within the window", () => {
    const recent = new RecentCalls(WINDOW_MS);
    recent.add(0, true);
    recent.add(900, false);
    expect(recent.countsAt(900)).toEqual({ calls: 2, failed: 1 });
    expect(recent.countsAt(1000)).toEqual({ calls: 2, failed: 1 });
    expect(recent.countsAt(1001)).toEqual({ calls: 1, failed: 0 });
  });

  it("count for nine tenths of the window at least", () => {
    const recent = new RecentCalls(WINDOW_MS);
    recent.add(0, false);
    recent.add(99, true);
    expect(recent.countsAt(999)).toEqual({ calls: 2, failed: 1 });
    expect(recent.countsAt(1100)).toEqual({ calls: 0, failed: 0 });
  });

  it("are all counted, however many they are", () => {
    const recent = new RecentCalls(WINDOW_MS);
    for (let count = 0; count < 300_000; count++) recent.add(count / 300, count % 3 === 0);
    expect(recent.countsAt(1000)).toEqual({ calls: 300_000, failed: 100_000 });
  });

  it("are forgotten when that is wanted", () => {
    const recent = new RecentCalls(WINDOW_MS);
    recent.add(0, true);
    recent.forget();
    expect(recent.countsAt(0)).toEqual({ calls: 0, failed: 0 });
  });
});

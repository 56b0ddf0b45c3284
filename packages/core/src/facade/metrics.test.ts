import { describe, expect, it } from "vitest";
import { fallback } from "../compose/fallback.js";
import { mirror } from "../compose/mirror.js";
import { setSplitPercent, split } from "../compose/split.js";
import { createStorage } from "./create-storage.js";
import type { StorageEvent } from "../contract/event.js";
import { memory } from "../memory/memory.js";
import { memoryJournal } from "../memory/memory-journal.js";
import { createMetrics } from "./metrics.js";
import { down, failing, failingAtFirst, testMember } from "../testing/member.test-support.js";
import { rejection } from "../testing/streams.test-support.js";

describe("metrics", () => {
  it("count calls by what became of them, their sizes and their time", async () => {
    const metrics = createMetrics();
    const storage = createStorage(memory(), { onEvent: metrics.onEvent });
    await storage.put("a", "abc");
    await storage.put("b", "de");
    await rejection(storage.get("c"));
    const lines = metrics.text().split("\n");
    expect(lines).toContain('stowage_operations_total{operation="put",provider="memory",outcome="ok"} 2');
    expect(lines).toContain(
      'stowage_operations_total{operation="get",provider="memory",outcome="NotFound"} 1',
    );
    expect(lines).toContain('stowage_bytes_total{operation="put",provider="memory"} 5');
    expect(lines).toContain("# TYPE stowage_operation_seconds histogram");
    expect(lines).toContain('stowage_operation_seconds_bucket{operation="put",le="+Inf"} 2');
    expect(lines).toContain('stowage_operation_seconds_count{operation="put"} 2');
  });

  it("count what a chain does, and hold no key", async () => {
    const metrics = createMetrics();
    const [first, second] = [testMember("first"), testMember("second")];
    const chain = fallback([first.provider, second.provider], { retry: false });
    const storage = createStorage(chain, { onEvent: metrics.onEvent });
    first.fault = down;
    await storage.put("secret/key", "abc");
    expect(metrics.text()).toContain(
      'stowage_fallbacks_total{from="first",to="second",reason="Unavailable"} 1',
    );
    expect(metrics.text()).not.toContain("secret");
  });

  it("count writes that some members lack, and members that may hold what nobody knows of", async () => {
    const metrics = createMetrics();
    const [first, second] = [testMember("first"), testMember("second")];
    const chain = fallback([first.provider, second.provider], { retry: false, journal: memoryJournal() });
    const events: StorageEvent[] = [];
    const onEvent = (event: StorageEvent): void => {
      events.push(event);
      metrics.onEvent(event);
    };
    const storage = createStorage(chain, { onEvent });
    first.fault = failing("Timeout", { applied: "unknown" });
    expect((await storage.put("a", "abc")).provider).toBe("second");
    await storage.put("a", "abcd");
    expect(events).toContainEqual({ type: "suspect", key: "a", provider: "first", milliseconds: 60_000 });
    const degraded = { type: "degraded", key: "a", provider: "fallback", lacking: ["first"] };
    expect(events.filter(({ type }) => type === "degraded")).toEqual([degraded, degraded]);
    expect(metrics.text()).toContain('stowage_degraded_writes_total{provider="fallback"} 2');
    expect(metrics.text()).toContain('stowage_suspects_total{provider="first"} 1');
    await storage.close();
  });

  it("tell what is left of the budget for retries", async () => {
    const metrics = createMetrics();
    const member = testMember("it");
    member.fault = failingAtFirst(1, down);
    const storage = createStorage(member.provider, { retry: { baseMs: 1 }, onEvent: metrics.onEvent });
    await storage.put("a", "abc");
    expect(metrics.text()).toContain('stowage_retry_tokens{provider="it"} 486');
  });

  it("have each series once, also where composers inside each other have one name", async () => {
    const inner = fallback([memory({ name: "a" }), memory({ name: "b" })], { journal: memoryJournal() });
    const between = mirror([inner, memory({ name: "c" })], { journal: memoryJournal() });
    const outer = fallback([between, memory({ name: "d" })], { journal: memoryJournal() });
    const lines = createMetrics()
      .text(await createStorage(outer).health())
      .split("\n");
    expect(lines.filter((line) => line.startsWith('stowage_journal_rows{composer="fallback"}'))).toHaveLength(
      1,
    );
  });

  it("show the share of a split", async () => {
    const metrics = createMetrics();
    const [from, to] = [memory({ name: "from" }), memory({ name: "to" })];
    const provider = split({ from, to, percent: { initial: 12.5 }, salt: "s", journal: memoryJournal() });
    const storage = createStorage(provider);
    expect(metrics.text(await storage.health())).toContain('stowage_split_percent{composer="split"} 12.5');
    await setSplitPercent(provider, 25);
    expect(metrics.text(await storage.health())).toContain('stowage_split_percent{composer="split"} 25');
  });

  it("show the journal and the members, where health is given", async () => {
    const metrics = createMetrics();
    const [first, second] = [testMember("first"), testMember("second")];
    const provider = mirror([first.provider, second.provider], {
      journal: memoryJournal(),
      writes: "primary",
      retry: false,
    });
    const storage = createStorage(provider, { onEvent: metrics.onEvent });
    await storage.put("a", "abc");
    second.fault = down;
    const text = metrics.text(await storage.health());
    expect(text).toContain('stowage_member_up{provider="first"} 1');
    expect(text).toContain('stowage_member_up{provider="second"} 0');
    expect(text).toContain('stowage_journal_rows{composer="mirror"} 1');
    expect(text).toMatch(/stowage_journal_oldest_seconds\{composer="mirror"\} [\d.e-]+/);
    expect(text).toContain("stowage_degraded 1");
    expect(text.endsWith("\n")).toBe(true);
  });
});

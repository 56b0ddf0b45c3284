import { describe, expect, it } from "vitest";
import { isReserved } from "../../contract/key.js";
import type { JournalPart } from "../../contract/journal.js";
import { memoryJournal } from "../../memory/memory-journal.js";
import { testMember } from "../../testing/member.test-support.js";
import { createMarks, type Marks } from "./marks.js";

interface Noticed {
  readonly marks: Marks;
  readonly found: string[];
  readonly raised: Promise<void>[];
}

/** The marks as one process sees them. */
function noticing(journal: JournalPart): Noticed {
  const found: string[] = [];
  const raised: Promise<void>[] = [];
  const marks = createMarks("mirror", journal, {
    onOldJournal: async () => void found.push("an old journal"),
    onOldMember: async () => void found.push("an old member"),
    onNews: () => void found.push("news"),
    inBackground: (work) => void raised.push(work),
  });
  return { marks, found, raised };
}

describe("the marks of members", () => {
  it("raise no alarm when another process raises one while this one looks at it", async () => {
    const journal = memoryJournal().open({ name: "mirror", type: "mirror", members: [] });
    const member = testMember("disk");
    const [first, second] = [noticing(journal), noticing(journal)];
    await first.marks.check(member.provider);
    await Promise.all(first.raised);
    let isAnswered = false;
    member.fault = async (call, next) => {
      const answer = await next();
      if (call.operation !== "head" || !isReserved(call.key ?? "") || isAnswered) return answer;
      isAnswered = true;
      // The answer is on its way while the other process raises the mark, and hears that it is raised.
      first.marks.doubt("disk");
      await first.marks.check(member.provider);
      await Promise.all(first.raised);
      await second.marks.refresh();
      return answer;
    };
    expect(await second.marks.check(member.provider)).toBe(false);
    expect([...first.found, ...second.found]).toEqual([]);
  });

  it("tell of a member that holds less than it has confirmed", async () => {
    const journal = memoryJournal().open({ name: "mirror", type: "mirror", members: [] });
    const member = testMember("disk");
    const first = noticing(journal);
    await first.marks.check(member.provider);
    await Promise.all(first.raised);
    const page = await member.store.list({});
    for (const { key } of page.objects) await member.store.delete(key, {});
    const second = noticing(journal);
    expect(await second.marks.check(member.provider)).toBe(true);
    expect(second.found).toEqual(["an old member", "news"]);
  });
});

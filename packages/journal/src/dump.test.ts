import { writeFileSync } from "node:fs";
import { afterEach, beforeEach, expect, it } from "vitest";
import { dumpJournal } from "./dump.js";
import { OPENED, OWNER, ROW, place, tempJournal, type TempJournal } from "./testing/journals.test-support.js";

let temp: TempJournal;

beforeEach(() => {
  temp = tempJournal();
});

afterEach(async () => {
  await temp.remove();
});

it("says of each composer what is left to do, in words", async () => {
  const part = temp.open().open(OWNER);
  await part.writeControl("percent", undefined, 25);
  const now = part.now();
  const version = "0123456789abcdef";
  await place(part, "videos/1.mp4", {
    ...ROW,
    since: now - 90_000,
    nextAt: now + 30_000,
    current: { kind: "put", version },
    holds: { a: version, b: "unknown" },
    suspects: { b: now + 30_000 },
    attempts: 2,
    problem: "the disk is full",
  });
  await place(part, "videos/2.mp4", {
    ...OPENED,
    since: now,
    uncertain: [{ version, writeId: "w" }],
    nextAt: 0,
  });
  const text = dumpJournal(temp.path);
  expect(text).toContain(
    [
      'mirror "files": 2 keys in transition',
      "  member a: memory://a/",
      "  member b: memory://b/",
      "  percent: 25",
      '  "videos/1.mp4", in transition for 90 s',
      `    the current version is ${version}`,
      `    a holds version ${version}`,
      "    b holds an unknown version, and a late request may still change it for 30 s",
      "    repair has tried 2 times",
      "    last problem: the disk is full",
      "    repair is due in 30 s",
      '  "videos/2.mp4", in transition for 0 s',
    ].join("\n"),
  );
  expect(text).toMatch(/version [0-9a-f]{16} is being written/);
  expect(text).toContain(`version ${version} may have been stored`);
  expect(text).toContain("repair is due");
});

it("says of a file that is no journal what it is", () => {
  writeFileSync(temp.path, "");
  expect(() => dumpJournal(temp.path)).toThrow("is not a journal of this version");
});

it("says of a file that is not there that it is not, and makes none", () => {
  expect(() => dumpJournal(`${temp.path}-2`)).toThrow("does not exist");
  expect(() => dumpJournal(`${temp.path}-2`)).toThrow("does not exist");
});

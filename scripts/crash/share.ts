import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createStorage } from "../../packages/core/src/index.js";
import { local } from "../../packages/local/src/index.js";

const execute = promisify(execFile);

/** What several processes showed that wrote through one journal. */
export interface ShareReport {
  readonly written: number;
  readonly failed: number;
  /** The longest that the event loop of one of them was not free, in milliseconds. */
  readonly blockedMs: number;
  readonly problems: readonly string[];
}

interface ChildReport {
  readonly written: number;
  readonly failed: number;
  readonly blockedMs: number;
  readonly last: Readonly<Record<string, string>>;
}

/** Has processes write through one journal, into the same two folders, and compares what is there in the end. */
export async function shareOneJournal(
  folder: string,
  processes: number,
  seconds: number,
): Promise<ShareReport> {
  const place = mkdtempSync(join(tmpdir(), "stowage-share-"));
  try {
    const settled = await Promise.allSettled(
      Array.from({ length: processes }, async (_, own): Promise<ChildReport> => {
        const args = ["share-child.mjs", place, String(own), String(seconds)];
        const { stdout } = await execute(process.execPath, args, { cwd: folder, maxBuffer: 2 ** 26 });
        return JSON.parse(stdout) as ChildReport;
      }),
    );
    const reports = settled.map((each) => {
      if (each.status === "rejected") throw each.reason;
      return each.value;
    });
    return {
      written: reports.reduce((sum, { written }) => sum + written, 0),
      failed: reports.reduce((sum, { failed }) => sum + failed, 0),
      blockedMs: Math.max(...reports.map(({ blockedMs }) => blockedMs)),
      problems: await compare(place, reports),
    };
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

async function compare(place: string, reports: readonly ChildReport[]): Promise<readonly string[]> {
  const problems: string[] = [];
  const members = ["a", "b"].map((name) =>
    createStorage(local({ root: join(place, name), layout: "portable" })),
  );
  const possible = new Map<string, Set<string>>();
  for (const { last } of reports) {
    for (const [key, text] of Object.entries(last))
      possible.set(key, (possible.get(key) ?? new Set()).add(text));
  }
  for (const [key, texts] of possible) {
    const found = await Promise.all(members.map(async (member) => await (await member.get(key)).text()));
    if (new Set(found).size > 1) problems.push(`${key}: the members hold ${found.join(" and ")}`);
    if (!texts.has(found[0] ?? ""))
      problems.push(`${key} is ${found[0]}, and not ${[...texts].join(" or ")}`);
  }
  await Promise.all(members.map((member) => member.close()));
  return problems;
}

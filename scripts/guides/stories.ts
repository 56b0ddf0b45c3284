// What happens between the sections of each page: writes, deletes, and what an operator has not meant to happen.
import { dumpJournal } from "@stowage/journal";
import assert from "node:assert/strict";
import { join } from "node:path";
import type { GuideTest, Site } from "./site.js";

const FILES = "The files of this guide";

/** More than one part of an upload, and of a copy that a client makes. */
const LARGE = 9 * 1024 * 1024;

async function begin(site: Site): Promise<void> {
  await site.follow("members.md", FILES);
  await site.follow("members.md", "The first start");
  if (site.variant === "buckets")
    await site.books.put(site.application(), "large", "film ".repeat(LARGE / 5));
}

const members: GuideTest = {
  title: "members.md: a member is added, switched off, moved, exchanged, retired and forgotten",
  run: async (site) => {
    const { books, application, follow } = site;
    const page = "members.md";
    await begin(site);
    await books.change(application(), "start");
    const old = await site.startBeside();
    await follow(page, "Adding a member");
    await books.change(old, "by-the-old-process");
    await books.check(application(), "after changes by a process without the new member");
    await books.change(application(), "by-the-new-process");
    await books.check(old, "in a process without the new member");
    await old.stop();
    await site.run("node operate.mjs repair");
    await follow(page, "Turning a member off for a while");
    await books.change(application(), "while-off");
    await follow(page, "A folder or bucket that moved");
    await books.change(application(), "moved");
    await follow(page, "A disk or bucket that was exchanged");
    await books.change(application(), "exchanged");
    await follow(page, "Retiring a member");
    await books.change(application(), "retired");
    await site.run("node operate.mjs repair");
    await follow(page, "Forgetting a member");
    await books.change(application(), "forgotten");
    await books.check(application(), "at the end");
  },
};

const backup: GuideTest = {
  title: "backup.md: a member and a journal are restored from yesterday's copy",
  run: async (site) => {
    const { books, application, follow } = site;
    const page = "backup.md";
    await begin(site);
    await books.change(application(), "before");
    await follow(page, "Copying a member");
    await site.run(`sed -i 's/const times = {/const times = { leaseMs: 10_000,/' storage.mjs`);
    await site.restart();
    await books.change(application(), "since");
    await untilDeletesAreForgotten(site);
    await site.run(`sed -i 's/ leaseMs: 10_000,//' storage.mjs`);
    await site.restart();
    await follow(page, "Restoring a member");
    await switchFar(site, "off");
    await books.change(application(), "while-off");
    await follow(page, "Copying a journal");
    await switchFar(site, "on");
    await site.run("node operate.mjs repair");
    await books.change(application(), "since-the-copy");
    await books.change(application(), "later");
    await follow(page, "Restoring a journal");
    if (await hasSqlite(site)) {
      await books.change(application(), "restored");
      await follow(page, "Copying a journal in use");
    }
    await books.change(application(), "end");
    await books.check(application(), "at the end");
  },
};

/** A delete is remembered for the time of a lease at least: here ten seconds. Repair forgets it then. */
async function untilDeletesAreForgotten(site: Site): Promise<void> {
  for (let isForgotten = false; !isForgotten;) {
    await site.run("node operate.mjs repair");
    isForgotten = dumpJournal(join(site.folder, "journal/journal.db")).includes(": 0 keys in transition");
  }
}

async function switchFar(site: Site, state: "on" | "off"): Promise<void> {
  const how =
    state === "off"
      ? String.raw`cp members.mjs members.on.mjs
cat > members.mjs <<'END'
import { off } from "@stowage/core";
import { members as all } from "./members.on.mjs";
export const members = [all[0], off(all[1], "a test")];
END`
      : "mv members.on.mjs members.mjs";
  await site.run(how);
  await site.restart();
}

async function hasSqlite({ run }: Site): Promise<boolean> {
  return (await run("command -v sqlite3 || true")) !== "";
}

const percentage: GuideTest = {
  title: "split.md: a percentage is rolled forward and back by configuration, and by call",
  run: async (site) => {
    const { books, application, follow } = site;
    await follow("members.md", FILES);
    await follow("split.md", "Rolling forward and back by configuration");
    await books.change(application(), "by-configuration");
    const old = await site.startBeside();
    await site.run("sed -i 's/percent: 10/percent: 100/' storage.mjs");
    await site.restart();
    await books.change(application(), "all-to-far");
    assert.equal(await application().holder("all-to-far/kept"), "far");
    await books.check(old, "in a process with the old percentage");
    await books.change(old, "by-the-old-process");
    await books.check(application(), "after changes by a process with the old percentage");
    await old.stop();
    await site.run("sed -i 's/percent: 100/percent: 10/' storage.mjs");
    await site.restart();
    await books.check(application(), "after the way back");
    await follow("split.md", "Rolling forward and back by call");
    await assertAllOn(site, "near");
    await site.run("node percent.mjs 100");
    await books.change(application(), "by-call");
    assert.equal(await application().holder("by-call/kept"), "far");
    assert.match(await site.run("node operate.mjs repair"), /^healthy$/m);
    await assertAllOn(site, "far");
    await books.check(application(), "at the end");
  },
};

async function assertAllOn({ books, application }: Site, member: string): Promise<void> {
  for (const key of books.keys()) assert.equal(await application().holder(key), member, key);
}

const database: GuideTest = {
  title: "database.md: a key outlives every change of members, and a ref is a hint",
  run: async (site) => {
    await begin(site);
    await site.follow("database.md", "Trying it");
    await site.books.change(site.application(), "saved");
    await site.follow("database.md", "After a member has gone");
  },
};

const paused: GuideTest = {
  title: "paused.md: a process that was stopped for too long changes nothing when it goes on",
  run: async (site) => {
    await begin(site);
    await site.books.change(site.application(), "start");
    await site.follow("paused.md", "Trying it");
  },
};

/** One test for each page, named after it. */
export const GUIDE_TESTS: readonly GuideTest[] = [members, backup, percentage, database, paused];

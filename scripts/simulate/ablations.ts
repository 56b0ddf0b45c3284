import { edit, type Edit } from "../edited-bundle.js";

/** A rule of the protocol, and how to take it out: the simulation must notice. */
export interface Ablation {
  readonly rule: string;
  /** Where it shows soonest. */
  readonly scenarios: readonly string[];
  readonly without: readonly Edit[];
}

const JOURNALED = "core/src/compose/journaled/";

const READS_UNDECIDED: Edit = edit(
  `${JOURNALED}read/read.ts`,
  "return row === undefined || !isUndecided(row, versionOf(info));",
  "return row === undefined || versionOf(info) !== key;",
);

const FORGETS_DELETES: Edit = edit(
  `${JOURNALED}hold/conclude.ts`,
  "await held.release(until > now ? kept(row, until, now) : undefined);",
  "await held.release(until < 0 ? kept(row, until, now) : undefined);",
);

export const ABLATIONS: readonly Ablation[] = [
  {
    rule: "reads go to members that hold the decided version",
    scenarios: ["mirror-quorum", "fallback"],
    without: [
      edit(
        `${JOURNALED}read/read-once.ts`,
        "if (row?.current !== undefined) return await readCurrent(look, row, row.current);",
        "if (row?.current !== undefined) return await readBase(look, undefined);",
      ),
    ],
  },
  {
    rule: "a member whose answer was lost is passed over until nothing can arrive any more (settle)",
    scenarios: ["mirror-quorum", "mirror-primary"],
    without: [
      edit(
        `${JOURNALED}row/row.ts`,
        "suspects: { ...row.suspects, [member]: until },",
        "suspects: { ...row.suspects, [member]: until * 0 },",
      ),
    ],
  },
  {
    rule: "a write is written down before it is sent",
    scenarios: ["mirror-all", "mirror-quorum"],
    without: [
      edit(
        `${JOURNALED}row/row.ts`,
        "return { ...undecided(left), lease: undefined, nextAt: now };",
        "return row.open === undefined ? { ...left, lease: undefined, nextAt: now } : { ...row, open: undefined, lease: undefined, nextAt: now };",
      ),
    ],
  },
  {
    rule: "unknown is not failed",
    scenarios: ["mirror-all", "mirror-quorum"],
    without: [
      edit(
        "core/src/compose/send-share.ts",
        'state: error.applied === "yes" ? "partial" : "unknown", error };',
        'state: error.applied === "yes" ? "partial" : "refused", error };',
      ),
    ],
  },
  {
    rule: "a delete that was interrupted rolls forward",
    scenarios: ["mirror-all", "fallback"],
    without: [
      edit(
        `${JOURNALED}row/row.ts`,
        "return { ...undecided(left), lease: undefined, nextAt: now };",
        'return { ...undecided(left), ...(row.current?.kind === "delete" && { current: undefined }), lease: undefined, nextAt: now };',
      ),
    ],
  },
  {
    rule: "repair holds the key",
    scenarios: ["mirror-quorum", "mirror-primary"],
    without: [
      edit(
        `${JOURNALED}hold/held-key.ts`,
        "const turn = set.lock.run(key, async () => {",
        'const turn = (operation === "repair" ? { run: <R>(_key: string, go: () => Promise<R>) => go() } : set.lock).run(key, async () => {',
      ),
      edit(
        `${JOURNALED}hold/held-key.ts`,
        "if (!(await isHeldElsewhere(set, entry.row))) {",
        'if (operation === "repair") return { ...entry, ...(entry.row && { row: { ...entry.row, open: undefined } }) };\n    if (!(await isHeldElsewhere(set, entry.row))) {',
      ),
      edit(
        `${JOURNALED}hold/held-key.ts`,
        "const rows = createRowWriter(set, key, entry, lease);",
        `const careless = {
          ...journal,
          write: async (name: string, _revision: string, row: KeyRow | undefined) =>
            await journal.write(name, (await journal.read(name)).revision, row),
        };
        const writing = operation === "repair" ? { ...set, journal: careless } : set;
        const rows = createRowWriter(writing, key, entry, lease);`,
      ),
    ],
  },
  {
    rule: "a write that some members have is rolled forward",
    scenarios: ["mirror-all", "mirror-quorum"],
    without: [
      edit(
        `${JOURNALED}write/decide.ts`,
        'if (outcomes.some(({ state }) => state === "applied" || state === "partial")) {',
        'if (outcomes.filter(({ state }) => state === "applied").length >= set.placement.need) {',
      ),
    ],
  },
  {
    rule: "what was read is checked against the journal again",
    scenarios: ["mirror-all", "mirror-quorum", "fallback"],
    without: [READS_UNDECIDED],
  },
  {
    rule: "reads do not show a write that is under way",
    scenarios: ["mirror-all", "mirror-quorum", "fallback"],
    without: [
      edit(
        `${JOURNALED}row/row.ts`,
        "return open?.version === version || uncertain",
        'return (open === undefined && version === "") || uncertain',
      ),
      edit(
        `${JOURNALED}read/look.ts`,
        "return version !== undefined && row.open !== undefined && version > row.open.version;",
        "return false;",
      ),
    ],
  },
  {
    rule: "F4: NotFound needs an answer of every member that could hold the key",
    scenarios: ["fallback", "split"],
    without: [
      edit(
        `${JOURNALED}read/read-once.ts`,
        'if (silent === undefined) return { state: "absent", isFinal: false };',
        'if (silent !== null) return { state: "absent", isFinal: false };',
      ),
    ],
  },
  {
    rule: "F6: a copy is deleted only when another one is where it should be",
    scenarios: ["split", "fallback"],
    without: [
      edit(
        `${JOURNALED}upkeep/repair-key.ts`,
        'const mayClear = current.kind === "delete" || (isHome && ',
        'const mayClear = current.kind === "delete" || (!isHome && ',
      ),
    ],
  },
  {
    rule: "F7: NotFound of several members holds only when nothing was moved meanwhile, and copies stay for a while",
    scenarios: ["moves", "split"],
    without: [
      edit(
        `${JOURNALED}read/read.ts`,
        'if (reading.state === "absent" && (reading.isFinal || (await isUnchanged(set, key, entry)))) {',
        'if (reading.state === "absent") {',
      ),
      edit(
        `${JOURNALED}upkeep/repair-key.ts`,
        "await Promise.all(lacking.map((member) => copyTo(set, held, current, member, options)));\n  return held.row;",
        `await Promise.all(lacking.map((member) => copyTo(set, held, current, member, options)));
         if (!targets.every((name) => held.row.holds[name] === current.version)) return held.row;
         return await clearMembers(set, held, set.members.filter(({ name }) => !targets.includes(name)), options);`,
      ),
    ],
  },
  {
    rule: "a listing is corrected by what the journal knows",
    scenarios: ["mirror-quorum", "fallback"],
    without: [
      edit(
        `${JOURNALED}read/list.ts`,
        "await correct(set, options, head, [...new Set([...keys, ...doubtful])], objects, prefixes);",
        "",
      ),
    ],
  },
  {
    rule: "F8: a listing looks at the keys in transition before and after it has asked the members",
    scenarios: ["moves", "mirror-quorum", "fallback"],
    without: [
      edit(
        `${JOURNALED}read/list.ts`,
        "[...new Set([...before.keys, ...after.keys])]",
        "[...new Set(after.keys)]",
      ),
      // Deletes that are remembered are there after the listing too, and hide what it shows.
      FORGETS_DELETES,
    ],
  },
  {
    rule: "F11: a create-only write knows its own first try",
    scenarios: ["mirror-primary", "fallback"],
    without: [
      edit(
        `${JOURNALED}write/conditions.ts`,
        "if (shown !== undefined && writeId !== undefined && shown.writeId === writeId) return shown;",
        "",
      ),
    ],
  },
  {
    rule: "F18: wrong credentials do not move a chain on",
    scenarios: ["fallback"],
    without: [
      edit(
        "core/src/compose/group.ts",
        '(rule === "option" &&',
        'rule === "option" ||\n    (rule === "option" &&',
      ),
    ],
  },
  {
    rule: "F17: a breaker does not count what says that the member works",
    scenarios: ["moves"],
    without: [
      edit(
        "core/src/wrap/circuits.ts",
        'new Set(["Unavailable", "Timeout", "Unknown"])',
        'new Set(["Unavailable", "Timeout", "Unknown", "NotFound"])',
      ),
    ],
  },
  {
    rule: "a percentage that comes back is another placement for the one who moves",
    scenarios: ["moves", "split"],
    without: [
      edit(
        "core/src/compose/split.ts",
        'epoch: () => (move ? revision : ""),',
        'epoch: () => (move ? String(current.basisPoints) : ""),',
      ),
    ],
  },
  {
    rule: "of members that let objects expire, one answer is not enough",
    scenarios: ["mirror-expiring"],
    without: [
      edit(
        `${JOURNALED}replica-set.ts`,
        "return placement.alike && !state.mayLack && (",
        "return placement.alike && (",
      ),
    ],
  },
  {
    rule: "nothing expires that others have yet to get",
    scenarios: ["mirror-expiring"],
    without: [
      edit(`${JOURNALED}upkeep/guarded-upkeep.ts`, "|| (await set.journal.read(key)).row !== undefined", ""),
      edit(`${JOURNALED}upkeep/guarded-upkeep.ts`, "if (!mine.isNew) return false;", ""),
      edit(
        `${JOURNALED}upkeep/guarded-upkeep.ts`,
        "if (!(await othersHave(set, member, key, answer.info, options))) return true;",
        "",
      ),
    ],
  },
  {
    rule: "a process that was stopped for longer than its lease changes nothing",
    scenarios: ["fallback-stopped"],
    without: [
      edit(
        `${JOURNALED}hold/held-key.ts`,
        'if (isTaken()) throw withErrorFacts(takenAway(set, operation, key), { applied: "no" });',
        "",
      ),
    ],
  },
  {
    rule: "deletes are remembered",
    scenarios: ["mirror-revived"],
    without: [FORGETS_DELETES],
  },
  {
    rule: "NotFound of one member is asked of the others",
    scenarios: ["mirror-wrong-bytes"],
    without: [
      edit(
        `${JOURNALED}read/read-once.ts`,
        "const others = order.slice(lacking + 1);",
        "const others = order.slice(order.length);",
      ),
      edit(`${JOURNALED}read/read-once.ts`, "...order.slice(0, lacking).map(({ name }) => name),", ""),
    ],
  },
  {
    rule: "an answer that says another size than was sent is no copy",
    scenarios: ["mirror-wrong-bytes"],
    without: [
      edit(
        "core/src/compose/stored-whole.ts",
        "if (hasSize(member, info, sentBytes)) return info;",
        "if (member !== null) return info;",
      ),
    ],
  },
  {
    rule: "an unknown write counts only where all of it is",
    scenarios: ["mirror-wrong-bytes"],
    without: [
      edit(
        `${JOURNALED}hold/resolve-unknown.ts`,
        "return hasSize(answer.member, answer.info, size);",
        "return true;",
      ),
      edit(
        "core/src/compose/send-share.ts",
        "return hasSize(answer.member, answer.info, sentBytes);",
        "return true;",
      ),
    ],
  },
  {
    rule: "reads that are verified give the bytes that were put, or Integrity",
    scenarios: ["mirror-wrong-bytes"],
    without: [
      edit(`${JOURNALED}read/verified.ts`, "if ((await sha256Of(bytes)) !== expected) throw onWrong();", ""),
    ],
  },
  {
    rule: "repair hashes what it copies",
    scenarios: ["mirror-wrong-bytes"],
    without: [
      edit(
        `${JOURNALED}upkeep/transfer.ts`,
        "if ((await sha256Of(body.bytes)) !== expected) throw onWrong();",
        "",
      ),
    ],
  },
  {
    rule: "a member that was restored from a backup is noticed by its mark",
    scenarios: ["member-restored"],
    without: [
      edit(
        `${JOURNALED}marks.ts`,
        "if (found < confirmed && restored === undefined) {",
        "if (found < 0 && restored === undefined) {",
      ),
    ],
  },
  {
    rule: "what a restored member alone holds is not brought to the others",
    scenarios: ["member-restored"],
    without: [
      edit(
        `${JOURNALED}replica-set.ts`,
        "return placement.hasCopies && marks?.restored(name) !== undefined;",
        "return placement.hasCopies && marks?.restored(name) === null;",
      ),
    ],
  },
  {
    rule: "a journal that was restored from a backup is noticed by the marks",
    scenarios: ["journal-restored"],
    without: [
      edit(`${JOURNALED}marks.ts`, "if (found > store.of(name).written) await findings.onOldJournal();", ""),
    ],
  },
  {
    rule: "a row of a restored journal is compared with the members",
    scenarios: ["journal-restored"],
    without: [
      edit(
        `${JOURNALED}hold/find-row.ts`,
        "if (row.isDoubtful !== true) return row;",
        "if (row !== null) return { ...row, isDoubtful: undefined };",
      ),
      edit(
        `${JOURNALED}read/read-once.ts`,
        "if (row?.isDoubtful === true) return await readNewest(look, row);",
        "",
      ),
    ],
  },
  {
    rule: "a member that is retiring is not written",
    scenarios: ["fallback-members", "mirror-members"],
    without: [
      edit(
        `${JOURNALED}row/placement.ts`,
        "writeOrder: staying,\n    readOrder: order,",
        "writeOrder: order,\n    readOrder: order,",
      ),
      edit(
        `${JOURNALED}row/placement.ts`,
        "const names = staying(key).map(({ name }) => name);",
        "const names = order(key).map(({ name }) => name);",
      ),
    ],
  },
  {
    rule: "the absence of an object on a member that is retiring proves nothing",
    scenarios: ["mirror-members"],
    without: [edit(`${JOURNALED}read/read-once.ts`, "if (set.retiring.includes(name)) return true;", "")],
  },
  {
    rule: "a journal that does not know a new member yet is not trusted",
    scenarios: ["mirror-members"],
    without: [
      edit(
        `${JOURNALED}read/inventory.ts`,
        "state.isTrusted = stock.isTrusted && covers(set, stock);",
        "state.isTrusted = stock.isTrusted;",
      ),
      edit(
        `${JOURNALED}upkeep/take-stock.ts`,
        "const isCovered = stock !== undefined && covers(set, stock);",
        "const isCovered = stock !== undefined;",
      ),
    ],
  },
  {
    rule: "a member that answers nothing ends a call",
    scenarios: ["mirror-hanging", "fallback-hanging"],
    without: [
      edit(
        "core/src/compose/watch-member.ts",
        "const quiet = new CallLimit(askMs / 2);",
        "const quiet = new CallLimit(askMs * 50);",
      ),
    ],
  },
];

// The tables of the promises P1 to P11.
import { PROMISES } from "../../packages/core/src/compose/promises.js";
import { tableOf } from "./table.js";

type PromiseNumber = keyof typeof PROMISES;

/** What holds with a journal, where that is more than "yes". */
const WITH: Partial<Record<PromiseNumber, string>> = {
  P10: "yes, when the journal survives the process, as `sqliteJournal` does",
  P11: "yes, with the same journals",
};

/** What holds without a journal, for keys that are written once. */
const WITHOUT: Record<PromiseNumber, string> = {
  P1: "on the required number of members; missing copies are not repaired",
  P2: "a key has one version; otherwise `info.unconfirmed` and `info.mayBeStale` name the members in doubt",
  P3: "a delete is acknowledged when every member has confirmed it",
  P4: "yes",
  P5: "no",
  P6: "on each member, and not on all of them together",
  P7: "yes",
  P8: "yes",
  P9: "yes",
  P10: "P4, P7, P8 and P9 hold again",
  P11: "as each member does",
};

const numbers = Object.keys(PROMISES) as PromiseNumber[];

function sentenceOf(number: PromiseNumber): string {
  return PROMISES[number].slice(`${number}: `.length).replaceAll("NotFound", "`NotFound`");
}

/** Renders the promises alone. */
export function promiseTable(): string {
  return tableOf(
    ["", "promise"],
    numbers.map((number) => [number, sentenceOf(number)]),
  );
}

/** Renders the promises, and what holds with and without a journal. */
export function promiseReference(): string {
  return tableOf(
    ["", "promise", "with a journal", "without a journal, for keys that are written once"],
    numbers.map((number) => [number, sentenceOf(number), WITH[number] ?? "yes", WITHOUT[number]]),
  );
}

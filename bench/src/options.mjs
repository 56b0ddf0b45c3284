import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

/** A file system in memory, where there is one: on a disk its own work hides the differences. */
const MEMORY = "/dev/shm";

/** How much is done: the default takes several minutes, `--quick` one or two. Slow peers get fewer rounds. */
const FULL = {
  budgets: {
    small: { rounds: 40, warmUpRounds: 40, secondsMax: 40 },
    large: { rounds: 9, warmUpRounds: 1, secondsMax: 20 },
  },
  peers: {
    small: { rounds: 40, warmUpRounds: 20, secondsMax: 6 },
    large: { rounds: 9, warmUpRounds: 1, secondsMax: 4 },
  },
  memoryRuns: 3,
  coldStarts: 7,
};
const QUICK = {
  budgets: {
    small: { rounds: 8, warmUpRounds: 2, secondsMax: 3 },
    large: { rounds: 2, warmUpRounds: 1, secondsMax: 2 },
  },
  peers: {
    small: { rounds: 4, warmUpRounds: 1, secondsMax: 1 },
    large: { rounds: 1, warmUpRounds: 0, secondsMax: 1 },
  },
  memoryRuns: 1,
  coldStarts: 3,
};

/**
 * @param {object} known - The names of `works` and `subjects`, and of the `json` file that is written.
 * @throws Error for an option, a work or a subject that does not exist.
 */
export function readOptions(args, known) {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: "boolean", default: false },
      rounds: { type: "string" },
      only: { type: "string" },
      subjects: { type: "string" },
      dir: { type: "string", default: existsSync(MEMORY) ? MEMORY : tmpdir() },
      json: { type: "string", default: fileURLToPath(new URL(`../results/${known.json}`, import.meta.url)) },
      alone: { type: "boolean", default: false },
    },
  });
  const scale = values.quick ? QUICK : FULL;
  return {
    directory: values.dir,
    json: values.json,
    alone: values.alone,
    quick: values.quick,
    only: names(values.only, known.works),
    subjects: names(values.subjects, known.subjects),
    scale: values.rounds === undefined ? scale : withRounds(scale, Number(values.rounds)),
  };
}

function withRounds(scale, rounds) {
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error("--rounds takes a whole number of at least 1");
  const changed = ({ small, large }) => ({ small: { ...small, rounds }, large });
  return { ...scale, budgets: changed(scale.budgets), peers: changed(scale.peers) };
}

function names(text, known) {
  const list = text?.split(",");
  const unknown = list?.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`"${unknown}" is none of ${known.join(", ")}`);
  return list;
}

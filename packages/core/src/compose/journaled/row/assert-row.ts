import type { KeyRow } from "../../../contract/key-row.js";

/** The switch for the checks of saved rows. Only tests and the simulation turn the checks on. */
export const rowChecks: { isOn: boolean } = { isOn: false };

/** The error for a row that no sequence of transitions can produce. Such a row means that the composer has a bug. */
export class BrokenRowError extends Error {
  override readonly name = "BrokenRowError";
}

/** @throws BrokenRowError for a row that breaks an invariant of the journal protocol. */
export function assertRow(key: string, row: KeyRow): void {
  const broken = INVARIANTS.find(([, isKept]) => !isKept(row));
  if (broken === undefined) return;
  throw new BrokenRowError(`The row of ${JSON.stringify(key)}: ${broken[0]}: ${JSON.stringify(row)}`);
}

/** The invariants of a row, each with its sentence in `docs/internals/journal-protocol.md`. */
const INVARIANTS: readonly (readonly [text: string, isKept: (row: KeyRow) => boolean])[] = [
  ["an open intent has a lease", ({ open, lease }) => open === undefined || lease !== undefined],
  [
    "every undecided write is newer than the decided one",
    ({ current, open, uncertain }) => {
      const undecided = open === undefined ? uncertain : [...uncertain, open];
      return undecided.every(({ version }) => isNewer(version, current?.version));
    },
  ],
  [
    "no member holds a version newer than the decided one",
    ({ current, holds }) =>
      Object.values(holds).every(
        (held) =>
          held === "absent" ||
          held === "unknown" ||
          (current !== undefined && !isNewer(held, current.version)),
      ),
  ],
  [
    "the version that a suspect holds is unknown",
    ({ suspects, holds }) => Object.keys(suspects).every((member) => holds[member] === "unknown"),
  ],
  [
    "only deletes are remembered",
    ({ current, keepUntil }) => keepUntil === undefined || current?.kind === "delete",
  ],
  [
    "a kept row has no work left",
    ({ isKept = false, open, uncertain, suspects, lease, external }) =>
      !isKept ||
      (open === undefined &&
        uncertain.length === 0 &&
        Object.keys(suspects).length === 0 &&
        lease === undefined &&
        external === undefined),
  ],
];

/**
 * Tells whether one version is newer than another. An empty version gets its value when the row is written, and is newer than all others.
 */
function isNewer(version: string, than: string | undefined): boolean {
  if (than === undefined) return true;
  return version === "" ? than !== "" : than !== "" && version > than;
}

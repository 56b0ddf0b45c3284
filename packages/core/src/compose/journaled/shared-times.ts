import { StorageError } from "../../contract/errors.js";
import type { JournalPart } from "../../contract/journal.js";

/** The name of the control record that holds the shared times. */
const TIMES = "times";

/** The times that every process of a composer must share, in milliseconds. */
export interface SharedTimes {
  readonly leaseMs: number;
  readonly settleMs: number;
  readonly graceMs: number;
  readonly keepDeletesMs: number;
}

const NAMES = ["leaseMs", "settleMs", "graceMs", "keepDeletesMs"] as const;

/** The times of each process, by the name of the process. */
type TimesRecord = Readonly<Record<string, SharedTimes>>;

/**
 * Saves the times that this process uses, unless another running process uses different times. With different times,
 * one process could assume that a request is over while another process still expects the request to take effect.
 *
 * @throws StorageError `Misconfigured`, with both values, if the times differ.
 */
export async function agreeOnTimes(
  composer: string,
  journal: JournalPart,
  { leaseMs, settleMs, graceMs, keepDeletesMs }: SharedTimes,
): Promise<void> {
  const own: SharedTimes = { leaseMs, settleMs, graceMs, keepDeletesMs };
  for (;;) {
    const record = await journal.readControl(TIMES);
    const running = await othersAtWork(journal, (record?.value ?? {}) as TimesRecord);
    for (const [process, times] of running) {
      const name = NAMES.find((each) => times[each] !== own[each]);
      if (name !== undefined) throw differing(composer, name, own[name], process, times[name]);
    }
    const value = { ...Object.fromEntries(running), [journal.process]: own };
    if ((await journal.writeControl(TIMES, record?.revision, value)) !== undefined) return;
  }
}

async function othersAtWork(
  journal: JournalPart,
  record: TimesRecord,
): Promise<readonly (readonly [process: string, times: SharedTimes])[]> {
  const others = Object.entries(record).filter(([process]) => process !== journal.process);
  const running = await Promise.all(others.map(async ([process]) => await journal.isRunning(process)));
  return others.filter((_, index) => running[index]);
}

function differing(
  composer: string,
  name: string,
  ownMs: number,
  process: string,
  theirsMs: number,
): StorageError {
  const reason =
    `${name} is ${ownMs} in this process and ${theirsMs} in process ${process}, which uses the same journal: ` +
    "give both processes the same value, or stop the other process first";
  return new StorageError("Misconfigured", reason, {
    operation: "open",
    provider: composer,
    retryable: false,
  });
}

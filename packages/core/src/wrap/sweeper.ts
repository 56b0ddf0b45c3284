import { clock } from "../kit/clock.js";
import { within as waitFor } from "../kit/abort.js";
import { concurrently } from "../kit/concurrently.js";
import { isStorageError, type StorageError } from "../contract/errors.js";
import type { StorageProvider } from "../contract/provider.js";
import type { Upkeep, UpkeepCall } from "../contract/upkeep.js";
import type { ObjectInfo } from "../contract/object.js";

/** The settings of a sweeper: the objects to remove, and the interval between two searches. */
export interface Sweeping {
  readonly provider: StorageProvider;
  readonly prefixes: readonly string[];
  readonly everyMs: number;
  readonly isOld: (info: ObjectInfo) => boolean;
}

/** The progress of one sweep. Each caller that sees only a part of the provider has its own sweep. */
interface Sweep {
  index: number;
  cursor: string | undefined;
  hasFailed: boolean;
  /** The time of the next sweep, on the monotonic clock of the process. */
  nextAt: number;
  /** True if the sweep must be tried again soon. */
  isWaiting: boolean;
  running: Promise<void> | undefined;
}

const REMOVALS_AT_ONCE = 8;

/** The pause after a sweep with failures, in milliseconds. */
const FAILURE_MS = 60_000;

/**
 * The time that repair waits for a page of a sweep, in milliseconds. After that time, repair continues without waiting for the page.
 */
const WAIT_MS = 1000;

/**
 * Makes the repair functions that remove objects when they reach the age limit. Each round handles one page of the
 * listing.
 */
export function sweeper(sweeping: Sweeping): Upkeep {
  const sweeps = new Map<string, Sweep>();
  return {
    repair: async (call) => {
      const { within = "" } = call;
      const sweep = sweeps.get(within) ?? newSweep();
      sweeps.set(within, sweep);
      const leftMs = sweep.nextAt - clock.now();
      if (sweep.running === undefined && leftMs > 0) return sweep.isWaiting ? leftMs : undefined;
      sweep.running ??= onePage(sweeping, sweep, within, call).finally(() => (sweep.running = undefined));
      sweep.running.catch(() => {});
      await waitFor(sweep.running, WAIT_MS);
      if (sweep.running !== undefined) return WAIT_MS;
      const nextMs = sweep.nextAt - clock.now();
      return nextMs <= 0 ? 0 : sweep.isWaiting ? nextMs : undefined;
    },
    onWork: () => () => {},
  };
}

function newSweep(): Sweep {
  return {
    index: 0,
    cursor: undefined,
    hasFailed: false,
    nextAt: Number.NEGATIVE_INFINITY,
    isWaiting: false,
    running: undefined,
  };
}

async function onePage(sweeping: Sweeping, sweep: Sweep, within: string, call: UpkeepCall): Promise<void> {
  const { prefixes, everyMs } = sweeping;
  const prefix = narrower(prefixes[sweep.index], within);
  sweep.cursor = prefix === undefined ? undefined : await sweepPage(sweeping, sweep, prefix, call);
  if (sweep.cursor === undefined) sweep.index++;
  if (sweep.index < prefixes.length) return;
  const { hasFailed } = sweep;
  const pauseMs = hasFailed ? Math.min(everyMs, FAILURE_MS) : everyMs;
  Object.assign(sweep, newSweep(), { nextAt: clock.now() + pauseMs, isWaiting: hasFailed });
}

/**
 * Returns the longer of two prefixes, if the longer prefix starts with the shorter one. Otherwise returns `undefined`, because no
 * key can start with both.
 */
function narrower(prefix: string | undefined, within: string): string | undefined {
  if (prefix?.startsWith(within) === true) return prefix;
  return prefix !== undefined && within.startsWith(prefix) ? within : undefined;
}

/**
 * Sweeps one page. Failures are reported, and the sweep continues with the rest of the page. @returns The cursor of the next
 * page.
 */
async function sweepPage(
  { provider, isOld }: Sweeping,
  sweep: Sweep,
  prefix: string,
  call: UpkeepCall,
): Promise<string | undefined> {
  const { signal, onEvent } = call;
  const fail = (error: unknown): void => {
    signal?.throwIfAborted();
    if (!isStorageError(error)) throw error;
    failure ??= error;
  };
  let failure: StorageError | undefined;
  let next: string | undefined;
  try {
    const page = await provider.list({ prefix, cursor: sweep.cursor, signal, onEvent });
    next = page.cursor;
    await concurrently(page.objects.filter(isOld), REMOVALS_AT_ONCE, async ({ key }) => {
      await removeOld(provider, isOld, key, call).catch(fail);
    });
  } catch (error) {
    fail(error);
  }
  if (failure !== undefined) {
    sweep.hasFailed = true;
    onEvent?.({ type: "repairFailed", provider: provider.name, error: failure });
  }
  return next;
}

async function removeOld(
  provider: StorageProvider,
  isOld: Sweeping["isOld"],
  key: string,
  { whileClean, signal, onEvent }: UpkeepCall,
): Promise<void> {
  const work = async (): Promise<void> => {
    try {
      // After the listing, the object may have been replaced by an object with the same ETag.
      const info = await provider.head(key, { signal, onEvent });
      if (!isOld(info)) return;
      const ifMatch = provider.supports.conditionalDelete ? info.etag : undefined;
      await provider.delete(key, { ifMatch, signal, onEvent });
    } catch (error) {
      if (isStorageError(error, "NotFound") || isStorageError(error, "PreconditionFailed")) return;
      throw error;
    }
    onEvent?.({ type: "expired", key, provider: provider.name });
  };
  await (whileClean === undefined ? work() : whileClean(key, work));
}

import { isStorageError } from "../contract/errors.js";
import type { StorageEvent } from "../contract/event.js";
import type { Health } from "../contract/upkeep.js";

/** A set of counters for the events of a storage, for a monitoring system. */
export interface Metrics {
  /** The listener to pass to `createStorage` as `onEvent`. */
  readonly onEvent: (event: StorageEvent) => void;
  /**
   * Returns all counters in the text format of Prometheus, with the result of `storage.health()` if it is given. No label
   * contains a key.
   *
   * @see https://prometheus.io/docs/instrumenting/exposition_formats/
   */
  readonly text: (health?: Health) => string;
}

type Labels = Readonly<Record<string, string>>;

interface Family {
  readonly help: string;
  readonly kind: "counter" | "gauge" | "histogram";
  readonly values: Map<string, number>;
}

/** The upper bounds of the histograms, in seconds. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] as const;

const HELP = {
  stowage_operations_total: "Calls that have ended, by outcome.",
  stowage_operation_seconds: "Duration of calls.",
  stowage_bytes_total: "Bytes that were written, and bytes that callers have read.",
  stowage_attempts_total: "Tries of calls at each provider, by outcome.",
  stowage_attempt_seconds: "Time that each provider took to answer a try.",
  stowage_attempt_bytes_total: "Bytes that each provider stored in successful puts.",
  stowage_read_seconds: "Time from the opening of an object to the end of its body.",
  stowage_retries_total: "Calls that were tried again.",
  stowage_fallbacks_total: "Members that a call gave up on.",
  stowage_verified_total: "Writes with an unknown outcome, by the answer that the member gave later.",
  stowage_stale_prevented_total: "Older copies that were not served.",
  stowage_wrong_bytes_total: "Copies whose bytes differ from the bytes that were put.",
  stowage_repairs_total: "Copies that repair has written.",
  stowage_repair_failures_total: "Rounds of repair that failed.",
  stowage_adopted_total: "External uploads that were adopted.",
  stowage_expired_total: "Objects that an expiry rule has removed.",
  stowage_degraded_writes_total: "Writes that were acknowledged before every member had them.",
  stowage_suspects_total: "Requests that got no clear answer from a member and may still take effect.",
  stowage_hedges_total: "Reads that were also sent to a second member; won=true if the second was quicker.",
  stowage_retry_tokens: "Tokens in the retry budget after the last retry.",
  stowage_breaker_open: "1 while a breaker is open.",
} as const;

type Name = keyof typeof HELP;

/** Makes counters that count the events of a storage. */
export function createMetrics(): Metrics {
  const families = new Map<Name, Family>();
  const family = (name: Name, kind: Family["kind"] = "counter"): Family => {
    const known = families.get(name) ?? { help: HELP[name], kind, values: new Map() };
    families.set(name, known);
    return known;
  };
  const add = (name: Name, labels: Labels, amount = 1): void => {
    const { values } = family(name);
    const series = name + labelsOf(labels);
    values.set(series, (values.get(series) ?? 0) + amount);
  };
  const observe = (name: Name, labels: Labels, seconds: number): void => {
    const { values } = family(name, "histogram");
    const count = (suffix: string, more: Labels, amount: number): void => {
      const series = `${name}_${suffix}${labelsOf({ ...labels, ...more })}`;
      values.set(series, (values.get(series) ?? 0) + amount);
    };
    for (const bucket of BUCKETS) count("bucket", { le: String(bucket) }, seconds <= bucket ? 1 : 0);
    count("bucket", { le: "+Inf" }, 1);
    count("sum", {}, seconds);
    count("count", {}, 1);
  };
  const set = (name: Name, labels: Labels, value: number): void => {
    family(name, "gauge").values.set(name + labelsOf(labels), value);
  };
  return {
    onEvent: (event) => take(event, { add, observe, set }),
    text: (health) => [...families].flatMap(linesOf).concat(healthLines(health)).join("\n").concat("\n"),
  };
}

interface Counters {
  readonly add: (name: Name, labels: Labels, amount?: number) => void;
  readonly observe: (name: Name, labels: Labels, seconds: number) => void;
  readonly set: (name: Name, labels: Labels, value: number) => void;
}

type Of<Type extends StorageEvent["type"]> = Extract<StorageEvent, { readonly type: Type }>;

type Takers = {
  readonly [Type in StorageEvent["type"]]: (event: Of<Type>, counters: Counters) => void;
};

const TAKERS: Takers = {
  operation: takeOperation,
  attempt: takeAttempt,
  read: ({ provider, bytes, milliseconds }, { add, observe }) => {
    add("stowage_bytes_total", { operation: "get", provider }, bytes);
    observe("stowage_read_seconds", { provider }, milliseconds / 1000);
  },
  retry: ({ operation, provider, tokens }, { add, set }) => {
    add("stowage_retries_total", { operation, provider });
    if (tokens !== undefined) set("stowage_retry_tokens", { provider }, tokens);
  },
  fallback: ({ from, to = "", error }, { add }) =>
    add("stowage_fallbacks_total", { from, to, reason: codeOf(error) }),
  verified: ({ provider, outcome }, { add }) => add("stowage_verified_total", { provider, outcome }),
  stale: ({ provider }, { add }) => add("stowage_stale_prevented_total", { provider }),
  wrongBytes: ({ provider }, { add }) => add("stowage_wrong_bytes_total", { provider }),
  repaired: ({ from, to }, { add }) => add("stowage_repairs_total", { from, to }),
  repairFailed: ({ provider }, { add }) => add("stowage_repair_failures_total", { provider }),
  adopted: ({ provider }, { add }) => add("stowage_adopted_total", { provider }),
  expired: ({ provider }, { add }) => add("stowage_expired_total", { provider }),
  degraded: ({ provider }, { add }) => add("stowage_degraded_writes_total", { provider }),
  suspect: ({ provider }, { add }) => add("stowage_suspects_total", { provider }),
  hedge: ({ provider, won }, { add }) => add("stowage_hedges_total", { provider, won: String(won) }),
  breaker: ({ provider, kind, state }, { set }) =>
    set("stowage_breaker_open", { provider, kind }, state === "open" ? 1 : 0),
  percent: () => {},
  extra: () => {},
  ignored: () => {},
  skipped: () => {},
  unconfirmed: () => {},
};

function take(event: StorageEvent, counters: Counters): void {
  const taker = TAKERS[event.type] as (event: StorageEvent, counters: Counters) => void;
  taker(event, counters);
}

/** The calls whose `size` is the number of transferred bytes. The event `"read"` counts the bytes of reads. */
const WRITES: ReadonlySet<string> = new Set(["put", "download", "importFrom"]);

function takeOperation(event: Of<"operation">, { add, observe }: Counters): void {
  const { operation, provider, error, milliseconds, size } = event;
  const isOurs = error === undefined || isStorageError(error);
  const outcome = error === undefined ? "ok" : isOurs ? codeOf(error) : "aborted";
  add("stowage_operations_total", { operation, provider, outcome });
  observe("stowage_operation_seconds", { operation }, milliseconds / 1000);
  if (size !== undefined && WRITES.has(operation)) add("stowage_bytes_total", { operation, provider }, size);
}

function takeAttempt(event: Of<"attempt">, { add, observe }: Counters): void {
  const { operation, provider, error, milliseconds, size } = event;
  const outcome = error === undefined ? "ok" : codeOf(error);
  add("stowage_attempts_total", { operation, provider, outcome });
  observe("stowage_attempt_seconds", { operation, provider }, milliseconds / 1000);
  if (size !== undefined) add("stowage_attempt_bytes_total", { operation, provider }, size);
}

function codeOf(error: unknown): string {
  return isStorageError(error) ? error.code : "Unknown";
}

function labelsOf(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function linesOf([name, { help, kind, values }]: readonly [Name, Family]): readonly string[] {
  return [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${kind}`,
    ...[...values].map(([series, value]) => `${series} ${value}`),
  ];
}

function healthLines(health: Health | undefined): readonly string[] {
  if (health === undefined) return [];
  const gauge = (
    name: string,
    help: string,
    values: readonly (readonly [Labels, number])[],
  ): readonly string[] => [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} gauge`,
    // Composers inside each other may have the same name. The worst value is shown.
    ...[...worst(values)].map(([labels, value]) => `${name}${labels} ${value}`),
  ];
  const { journals = [], members, degraded } = health;
  const ofJournals = (
    value: (journal: (typeof journals)[number]) => number,
  ): readonly (readonly [Labels, number])[] =>
    journals.map((journal) => [{ composer: journal.composer }, value(journal)]);
  return [
    ...gauge(
      "stowage_member_up",
      "1 while a member answers.",
      members.map(({ name, ok }) => [{ provider: name }, ok ? 1 : 0]),
    ),
    ...gauge("stowage_degraded", "1 while there is a problem to fix.", [[{}, degraded ? 1 : 0]]),
    ...gauge(
      "stowage_journal_rows",
      "Keys in transition.",
      ofJournals(({ rows }) => rows),
    ),
    ...gauge(
      "stowage_journal_oldest_seconds",
      "Time for which the oldest key has been in transition.",
      ofJournals(({ oldestSeconds }) => oldestSeconds),
    ),
    ...gauge(
      "stowage_journal_stuck",
      "Keys that repair could not fix within a day.",
      ofJournals(({ stuck }) => stuck),
    ),
    ...gauge(
      "stowage_split_percent",
      "The current percentage of a split.",
      journals.flatMap(({ composer, percent }) => (percent === undefined ? [] : [[{ composer }, percent]])),
    ),
    ...gauge(
      "stowage_journal_recovering",
      "1 while repair has not yet looked at every object.",
      ofJournals(({ recovering }) => (recovering ? 1 : 0)),
    ),
  ];
}

function worst(values: readonly (readonly [Labels, number])[]): ReadonlyMap<string, number> {
  const series = new Map<string, number>();
  for (const [labels, value] of values) {
    const name = labelsOf(labels);
    series.set(name, Math.max(value, series.get(name) ?? value));
  }
  return series;
}

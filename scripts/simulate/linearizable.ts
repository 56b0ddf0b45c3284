/** One operation on one key, as a client saw it. */
export interface Seen {
  readonly kind: "put" | "create" | "delete" | "read" | "exists" | "absent";
  /** What was put, or read; `undefined` for nothing. */
  readonly value?: string | undefined;
  readonly begin: number;
  /** Absent when nobody knows whether, and when, it took effect. */
  readonly end?: number | undefined;
  readonly who: string;
}

/** Nothing, or the value of the key. */
type State = string | undefined;

/**
 * Whether one key behaved like one register: there is an order of the operations that fits their times and what
 * they returned. Operations without an end may take effect at any time after their beginning, or never.
 *
 * The algorithm of Wing and Gong, with the memory of Lowe: states that were visited are not visited again.
 */
export function isLinearizable(operations: readonly Seen[]): boolean {
  if (operations.length > 30) throw new RangeError("Too many operations on one key to be checked");
  const visited = new Set<string>();
  const needed = operations.reduce(
    (mask, { end }, index) => (end === undefined ? mask : mask | (1 << index)),
    0,
  );
  const search = (done: number, state: State): boolean => {
    if ((done & needed) === needed) return true;
    const place = `${done}|${state ?? ""}`;
    if (visited.has(place)) return false;
    visited.add(place);
    const horizon = firstEnd(operations, done);
    return operations.some((operation, index) => {
      if ((done & (1 << index)) !== 0 || operation.begin > horizon) return false;
      const next = apply(operation, state);
      return next !== IMPOSSIBLE && search(done | (1 << index), next);
    });
  };
  return search(0, undefined);
}

/** Nothing that begins after an operation has ended can come before it. */
function firstEnd(operations: readonly Seen[], done: number): number {
  return operations.reduce(
    (least, { end }, index) =>
      (done & (1 << index)) === 0 && end !== undefined ? Math.min(least, end) : least,
    Number.POSITIVE_INFINITY,
  );
}

const IMPOSSIBLE = Symbol("impossible");

function apply({ kind, value }: Seen, state: State): State | typeof IMPOSSIBLE {
  if (kind === "put") return value;
  if (kind === "delete") return undefined;
  if (kind === "create") return state === undefined ? value : IMPOSSIBLE;
  if (kind === "absent") return state === undefined ? state : IMPOSSIBLE;
  if (kind === "exists") return state === undefined ? IMPOSSIBLE : state;
  return state === value ? state : IMPOSSIBLE;
}

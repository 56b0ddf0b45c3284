import { shown } from "../contract/errors.js";
import { describeType } from "../contract/key.js";

/** The limits of a number. */
export interface NumberLimits {
  /**
   * The smallest number that is allowed.
   *
   * @default 0
   */
  readonly least?: number | undefined;
  /**
   * The largest number that is allowed.
   *
   * @default no limit
   */
  readonly most?: number | undefined;
}

/** The limits of a number that need not be whole. */
export interface AnyNumberLimits extends NumberLimits {
  /**
   * A limit that the number must exceed. This limit replaces `least`.
   *
   * @default none
   */
  readonly above?: number | undefined;
}

/** The names of all properties of `Options`. The type makes sure that no name is forgotten. */
export type OptionNames<Options> = { readonly [Name in keyof Required<Options>]: true };

/**
 * Checks that an option is a whole number.
 *
 * @param caller - The function that was called, for the message: `"retry"`.
 * @param name - The option. Its ending names the unit in the message: `Ms`, `Seconds`, `Days`, `Bytes`.
 * @returns The number.
 * @throws TypeError with the limits and the value, if the value is not such a number.
 */
export function wholeNumber(caller: string, name: string, value: unknown, limits: NumberLimits = {}): number {
  if (Number.isSafeInteger(value) && isInside(value as number, limits)) return value as number;
  throw wrong(caller, name, `a whole number${unitOf(name)}${textOf(limits)}`, value);
}

/** Checks that an option is a number, like {@link wholeNumber} for whole numbers. */
export function anyNumber(
  caller: string,
  name: string,
  value: unknown,
  limits: AnyNumberLimits = {},
): number {
  if (Number.isFinite(value) && isInside(value as number, limits)) return value as number;
  throw wrong(caller, name, `a number${unitOf(name)}${textOf(limits)}`, value);
}

/**
 * Checks that an option is one of a few values.
 *
 * @param allowed - The allowed values. They include `undefined` if the option may be absent; messages do not list `undefined`.
 * @returns The value.
 * @throws TypeError with the allowed values, if the value is not one of them.
 */
export function oneOf<const Value>(
  caller: string,
  name: string,
  value: unknown,
  allowed: readonly Value[],
): Value {
  if (allowed.includes(value as Value)) return value as Value;
  const named = allowed.filter((each) => each !== undefined);
  const texts = named.map((each) => (typeof each === "string" ? `"${each}"` : String(each)));
  const last = texts.pop();
  throw wrong(caller, name, texts.length === 0 ? `${last}` : `${texts.join(", ")} or ${last}`, value);
}

/**
 * Checks that an option is a non-empty text.
 *
 * @param what - A description of the text, for the message: `"the path of a folder"`.
 */
export function nonEmptyText(caller: string, name: string, value: unknown, what: string): string {
  if (typeof value === "string" && value !== "") return value;
  throw wrong(caller, name, what, value);
}

/** Checks that an option is a text, like {@link nonEmptyText}, but the text may be empty. */
export function anyText(caller: string, name: string, value: unknown, what: string): string {
  if (typeof value === "string") return value;
  throw wrong(caller, name, what, value);
}

/**
 * Checks that an option is an array. The elements are not checked.
 *
 * @param what - The elements, for the message: `"names of members"`.
 */
export function anArray<Value>(caller: string, name: string, value: Value, what: string): Value {
  if (Array.isArray(value)) return value;
  throw wrong(caller, name, `an array of ${what}`, value);
}

/** Checks that an option is a function. @throws TypeError if it is not. */
export function aFunction<Value>(caller: string, name: string, value: Value): Value {
  if (typeof value === "function") return value;
  throw wrong(caller, name, "a function", value);
}

/**
 * Checks that options have no unknown names. Without this check, a misspelt option would be silently ignored. An option with the
 * value `undefined` counts as absent. The types of a `signal`, and of listeners such as `onEvent`, are checked as well.
 *
 * @param names - All allowed names.
 * @throws TypeError for an unknown name, for a `signal` of the wrong type, and for a listener that is not a function. The error
 *   for an unknown name contains the most similar valid name, or all names if no name is similar.
 */
export function knownNames<Options extends object>(
  caller: string,
  options: Options,
  names: OptionNames<Options>,
): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`${caller}: options must be an object, not ${describeType(options)}`);
  }
  for (const name in options) {
    const value: unknown = options[name];
    if (value === undefined) continue;
    if (!Object.hasOwn(names, name)) throw unknown(caller, name, Object.keys(names));
    if (name === "signal") assertSignal(caller, value);
    else if (LISTENER.test(name)) aFunction(caller, name, value);
  }
}

const LISTENER = /^on(?:Event|Progress|Result|State)$/;

/** Checks that a value is an `AbortSignal`. Signals from other libraries and realms are accepted. */
function assertSignal(caller: string, value: unknown): void {
  const { aborted, addEventListener } = Object(value) as Partial<AbortSignal>;
  if (typeof aborted === "boolean" && typeof addEventListener === "function") return;
  throw wrong(caller, "signal", "an AbortSignal, such as the signal of an AbortController", value);
}

function isInside(
  value: number,
  { least = 0, above, most = Number.POSITIVE_INFINITY }: AnyNumberLimits,
): boolean {
  return value <= most && (above === undefined ? value >= least : value > above);
}

const UNITS = [
  ["Ms", "milliseconds"],
  ["Seconds", "seconds"],
  ["Days", "days"],
  ["Bytes", "bytes"],
] as const;

function unitOf(name: string): string {
  const unit = UNITS.find(([ending]) => name.endsWith(ending) || name.includes(`${ending}M`));
  return unit === undefined ? "" : ` of ${unit[1]}`;
}

function textOf({ least = 0, above, most }: AnyNumberLimits): string {
  if (above !== undefined) return `, above ${above}${most === undefined ? "" : ` and at most ${most}`}`;
  return most === undefined ? `, at least ${least}` : ` from ${least} to ${most}`;
}

function wrong(caller: string, name: string, what: string, value: unknown): TypeError {
  return new TypeError(`${caller}: ${name} must be ${what}, not ${valueText(value)}`);
}

function valueText(value: unknown): string {
  if (typeof value === "string") return shown(value);
  return typeof value === "number" || typeof value === "boolean" ? String(value) : describeType(value);
}

function unknown(caller: string, name: string, names: readonly string[]): TypeError {
  const near = nearest(name, names);
  const cure = near === undefined ? `its options are ${names.join(", ")}` : `did you mean "${near}"?`;
  return new TypeError(`${caller} has no option ${shown(name)}; ${cure}`);
}

/** Returns the name that needs the fewest changes. Returns `undefined` if even that name needs too many changes. */
function nearest(name: string, names: readonly string[]): string | undefined {
  const [best] = names
    .map((each) => ({ each, changes: changesTo(name.toLowerCase(), each.toLowerCase()) }))
    .sort((a, b) => a.changes - b.changes);
  const most = Math.max(name.length / 3, Math.min(2, name.length - 3));
  return best !== undefined && best.changes <= most ? best.each : undefined;
}

/** Counts the letters that must be inserted, removed or replaced (the Levenshtein distance). */
function changesTo(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, replaced));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}

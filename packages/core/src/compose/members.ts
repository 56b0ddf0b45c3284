import { StorageError } from "../contract/errors.js";
import { describeProvider } from "../wrap/intercept.js";
import type { Body, Description } from "../contract/provider.js";
import { checkBreaker, type BreakerOptions } from "../wrap/breaker-options.js";
import { isComposer } from "../wrap/policies.js";
import type { Group } from "./group.js";
import { WINDOW_BYTES } from "../body/tee.js";
import { createMemoryBudget } from "../kit/memory-budget.js";
import { watchMember } from "./watch-member.js";
import type { RetryOptions } from "../wrap/retry-options.js";
import { type TimeoutOptions } from "../wrap/timeout.js";
import type { Located } from "../contract/object.js";
import type { PutOptions } from "../contract/call-options.js";
import type { ComposedProvider } from "../contract/composed-provider.js";
import { checkPolicies, withPolicies, type Policies } from "../wrap/with-policies.js";
import { anArray, wholeNumber, type OptionNames } from "../kit/options.js";

/** The options of a composer for each of its members. */
export interface MemberOptions {
  /**
   * The retries of calls to a member; `false` means one try without retries.
   *
   * @default 2 tries; after that the composer decides
   */
  readonly retry?: RetryOptions | false | undefined;
  /**
   * The time limits of calls to a member; `false` means no limits.
   *
   * @default the default of each of its options
   */
  readonly timeouts?: TimeoutOptions | false | undefined;
  /**
   * The rules for leaving out a member that hangs or fails again and again. The member is used again after it has answered a probe in the
   * background. `false` means that a member is never left out.
   *
   * @default the default of each of its options
   */
  readonly breaker?: BreakerOptions | false | undefined;
  /**
   * The time that a member may be silent before the composer gives up its call to the member, in milliseconds. Writes and copies of large
   * objects continue as long as the member answers other questions.
   *
   * @default 5,000
   */
  readonly askMs?: number | undefined;
  /**
   * The memory in bytes for bodies that are streams or files. All puts of the composer share this memory. This memory holds the bytes that
   * a slow member has not received yet, the bytes that a later member may need, and the bytes that members buffer themselves
   * (`supports.bufferedBytes`). While the memory is used up, further puts wait. A put that needs more than the whole memory runs alone.
   *
   * @default 256 MiB
   */
  readonly memoryBytes?: number | undefined;
}

/** The names of the options that every composer takes for its members. */
export const MEMBER_OPTIONS: OptionNames<MemberOptions> = {
  retry: true,
  timeouts: true,
  breaker: true,
  askMs: true,
  memoryBytes: true,
};

/** The checked and wrapped members of a composer, with the settings that they share. */
export type Prepared = Pick<Group, "members" | "askMs" | "memory" | "backListeners">;

const MEMBER_ATTEMPTS = 2;
const ASK_MS = 5000;
const MEMORY_BYTES = 256 * 1024 * 1024;
const MEMORY_BYTES_MIN = 64 * 1024;

/**
 * Checks the members of a composer. Adds retries and time limits to each member that has none, and wraps a member with
 * {@link watchMember} if needed.
 *
 * @throws TypeError if there is no member, or if a member is not a provider.
 * @throws StorageError `InvalidArgument` if two members have the same name or keep their objects in the same place.
 */
export function prepareMembers(
  type: string,
  members: readonly ComposedProvider[],
  options: MemberOptions,
): Prepared {
  anArray(type, "members", members, "providers");
  for (const member of members) assertProvider(type, member);
  const [first, ...rest] = members;
  if (first === undefined) throw new TypeError(`${type} needs at least one provider`);
  assertNames(
    type,
    members.flatMap((member) => leafNames(describeProvider(member))),
  );
  assertNames(
    type,
    members.map((member) => member.name),
  );
  assertPlaces(type, members);
  const policies = memberPolicies(options);
  const { breaker = {} } = options;
  const askMs = wholeNumber(type, "askMs", options.askMs ?? ASK_MS, { least: 1 });
  const limits = breaker === false ? undefined : checkBreaker(breaker);
  const backListeners: Group["backListeners"] = new Set();
  const onBack = (): void => {
    for (const tell of backListeners) tell();
  };
  const prepare = (member: ComposedProvider): ComposedProvider => {
    const bounded = withPolicies(member, policies);
    const description = describeProvider(member);
    // A composer already has patience with its own members. A member that is switched off rejects immediately with the reason, and a
    // breaker would hide that reason.
    const isWatched = !isComposer(description) && description.type !== "off";
    return isWatched ? watchMember(bounded, { askMs, limits, onBack }) : bounded;
  };
  const bytes = wholeNumber(type, "memoryBytes", options.memoryBytes ?? MEMORY_BYTES, {
    least: MEMORY_BYTES_MIN,
  });
  const memory = createMemoryBudget(bytes, WINDOW_BYTES);
  return { members: [prepare(first), ...rest.map(prepare)], askMs, memory, backListeners };
}

function assertProvider(type: string, member: ComposedProvider): void {
  if (typeof Object(member).ref === "function") return;
  throw new TypeError(
    `${type}: each member must be a provider, such as memory() or local({ root }); for a storage, pass storage.provider`,
  );
}

function leafNames({ name, kind, members }: Description): string[] {
  return kind === "provider" || members === undefined ? [name] : members.flatMap(leafNames);
}

function assertNames(type: string, names: readonly string[]): void {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return;
  const reason = `two members of ${type} have the name ${JSON.stringify(twice)}; give one of them a different \`name\``;
  throw new StorageError("InvalidArgument", reason, { operation: "open", provider: twice });
}

function assertPlaces(type: string, members: readonly ComposedProvider[]): void {
  for (const [index, member] of members.entries()) {
    const twin = members.slice(index + 1).find((other) => shareAPlace(member, other));
    if (twin === undefined) continue;
    const names = [member.name, twin.name].map((name) => JSON.stringify(name)).join(" and ");
    const reason = `the members ${names} of ${type} keep their objects in the same place; give each its own place`;
    throw new StorageError("InvalidArgument", reason, { operation: "open", provider: twin.name });
  }
}

/** Tells whether the same key is the same object for both members. A composer knows the places of its members. */
function shareAPlace(a: ComposedProvider, b: ComposedProvider): boolean {
  return a.ref("x") === b.ref("x") || a.locate(b.ref("x"))?.key === "x" || b.locate(a.ref("x"))?.key === "x";
}

function memberPolicies({ retry, timeouts }: MemberOptions): Policies {
  checkPolicies({ retry, timeouts });
  if (retry === false) return { retry, timeouts };
  return { retry: { ...retry, attempts: retry?.attempts ?? MEMBER_ATTEMPTS }, timeouts };
}

/** Checks that a member can hold an object, before any byte is sent. */
export function assertTakes(
  { name, supports }: ComposedProvider,
  key: string,
  { size }: Body,
  { metadata }: PutOptions,
): void {
  const context = { operation: "put", provider: name, key } as const;
  if (Object.keys(metadata ?? {}).length > 0 && !supports.metadata) {
    throw new StorageError("Unsupported", "the provider does not support metadata", context);
  }
  if (size === 0 && !supports.emptyObject) {
    throw new StorageError("Unsupported", "the provider does not support empty objects", context);
  }
  if (size !== undefined && size > supports.objectBytesMax) {
    const reason = `the body has ${size} bytes, but the provider takes at most ${supports.objectBytesMax}`;
    throw new StorageError("TooLarge", reason, context);
  }
  if (Buffer.byteLength(key) > supports.keyBytesMax) {
    throw new StorageError(
      "Unsupported",
      `the provider takes keys of at most ${supports.keyBytesMax} bytes`,
      context,
    );
  }
}

/** Closes every member, even when other members fail, and then throws the first failure. */
export async function closeAll(members: readonly ComposedProvider[]): Promise<void> {
  const settled = await Promise.allSettled(members.map(async (member) => member.close?.()));
  const failed = settled.find(({ status }) => status === "rejected");
  if (failed?.status === "rejected") throw failed.reason;
}

/** Makes every member forget how it recognises its place. */
export async function reopenAll(members: readonly ComposedProvider[]): Promise<void> {
  await Promise.all(members.map(async (member) => await member.reopen?.()));
}

/** Returns the location of a text, from the first member that recognises the text; `undefined` if no member recognises it. */
export function locateIn(members: readonly ComposedProvider[], text: string): Located | undefined {
  for (const member of members) {
    const found = member.locate(text);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Returns the function that tells how long a composer keeps the object of a key. An object with several copies stays as long as its last
 * copy. A single copy may be on any member, so the shortest time of all members counts.
 */
export function joinedExpiry(
  members: readonly ComposedProvider[],
  hasCopies: boolean,
): ComposedProvider["expiresAfterMs"] {
  const rules = members.flatMap(({ expiresAfterMs }) => expiresAfterMs ?? []);
  if (rules.length === 0 || (hasCopies && rules.length < members.length)) return undefined;
  const ever = Number.POSITIVE_INFINITY;
  return (key) => {
    const times = rules.map((rule) => rule(key) ?? ever);
    const time = hasCopies ? Math.max(...times) : Math.min(...times);
    return time === ever ? undefined : time;
  };
}

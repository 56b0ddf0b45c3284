import { randomUUID } from "node:crypto";
import { toBody } from "../../../body/body.js";
import { StorageError, isStorageError, withErrorFacts } from "../../../contract/errors.js";
import { orAborted } from "../../../kit/abort.js";
import { changeControl } from "../control.js";
import { intercept, type Call } from "../../../wrap/intercept.js";
import type { JournalPart } from "../../../contract/journal.js";
import { MARKER_KEY, isReserved } from "../../../contract/key.js";
import type { Marks } from "../marks.js";
import type { ListPage } from "../../../contract/provider.js";
import type { ListOptions } from "../../../contract/call-options.js";
import type { ComposedProvider } from "../../../contract/composed-provider.js";
import type { Roster } from "../roster.js";

const CONTROL = "markers";

/** The time for which a marker that was found on a member stays valid, in milliseconds. After that time the marker is read again. */
const FRESH_MS = 10_000;

/**
 * The shorter time in milliseconds for which a marker stays valid when the member answers that there is no object. An
 * empty disk would give the same answer.
 */
const FRESH_MS_ABSENT = 1000;

/** The journal's facts about a member's marker. */
interface Marker {
  readonly id: string;
  /** True after the marker has been stored on the member. From then on, a disk or bucket without the marker is not this member. */
  readonly isPlaced: boolean;
}

type Markers = Readonly<Record<string, Marker>>;

interface Watched {
  readonly composer: string;
  readonly journal: JournalPart;
  readonly member: ComposedProvider;
  readonly marks: Marks;
  /** Called when a different disk or bucket has been accepted as this member. */
  readonly onReplaced: () => void;
  shownAt: number;
  shownId: string | undefined;
  checking: Promise<void> | undefined;
  /** True if the member cannot store a marker, so that no marker is checked. */
  isUnmarked: boolean;
}

/**
 * Puts a marker on a member. While the marker is missing, every call fails with `Unavailable`. Without this check, an unmounted disk or a
 * wrong bucket would answer `NotFound` to every read.
 */
export function withMarker(
  composer: string,
  journal: JournalPart,
  member: ComposedProvider,
  marks: Marks,
  onReplaced: () => void,
): ComposedProvider {
  const watched: Watched = {
    composer,
    journal,
    member,
    marks,
    onReplaced,
    shownAt: Number.NEGATIVE_INFINITY,
    shownId: undefined,
    checking: undefined,
    isUnmarked: false,
  };
  const provider = intercept(member, {
    type: "marked",
    around: (call, next) =>
      isFresh(watched, FRESH_MS) ? callAndConfirm(watched, call, next) : checkAndCall(watched, call, next),
  });
  const { list } = provider;
  return { ...provider, list: (options) => listWithout(list, options) };
}

/**
 * Makes every call to a member fail if the member's place differs from the place in the journal. Calls work again after an operator has
 * confirmed the new place. The objects at the new place may belong to a different member.
 */
export function whereKnown(roster: Roster, member: ComposedProvider): ComposedProvider {
  let isLooked = false;
  return intercept(member, {
    type: "known",
    around: async (call, next) => {
      if (!isLooked) await roster.refresh();
      isLooked = true;
      const place = roster.knownPlace(member.name);
      if (place === undefined) return await next();
      const reason =
        `the journal knows the member at ${place}, and the member is now at ${member.ref("x")}: ` +
        `if both places hold the same objects, call acceptMember(storage, ${JSON.stringify(member.name)})`;
      const { operation, key } = call;
      throw new StorageError("Unavailable", reason, {
        operation,
        provider: member.name,
        key,
        retryable: false,
        applied: "no",
      });
    },
  });
}

function isFresh({ journal, shownAt, isUnmarked }: Watched, ms: number): boolean {
  return isUnmarked || journal.now() - shownAt < ms;
}

async function checkAndCall<T>(watched: Watched, call: Call, next: () => Promise<T>): Promise<T> {
  await check(watched, call);
  return await callAndConfirm(watched, call, next);
}

/** Passes a call on. If the member answers that there is no object, that answer counts only if the marker is present. */
async function callAndConfirm<T>(watched: Watched, call: Call, next: () => Promise<T>): Promise<T> {
  if (call.key !== undefined && call.operation !== "list" && isReserved(call.key))
    throw reserved(watched, call);
  try {
    const result = await next();
    if (call.operation === "list" && !isFresh(watched, FRESH_MS_ABSENT)) await check(watched, call);
    return result;
  } catch (error) {
    if (isStorageError(error, "NotFound") && !isFresh(watched, FRESH_MS_ABSENT)) await check(watched, call);
    throw error;
  }
}

function reserved({ composer, member }: Watched, { operation, key }: Call): StorageError {
  const reason = `the key is reserved: ${composer} uses it to recognise its members`;
  return new StorageError("InvalidKey", reason, { operation, provider: member.name, key });
}

async function check(watched: Watched, call: Call): Promise<void> {
  watched.checking ??= look(watched).finally(() => (watched.checking = undefined));
  try {
    await orAborted(watched.checking, call.options.signal);
  } catch (error) {
    if (!isStorageError(error)) throw error;
    const { operation, key } = call;
    throw withErrorFacts(error, { operation, key, applied: "no" });
  }
}

async function look(watched: Watched): Promise<void> {
  const { journal, member, marks, shownId } = watched;
  const startedAt = journal.now();
  const marker = await agreeOnMarker(watched);
  if (marker === undefined || watched.isUnmarked) return;
  const shown = await idOn(member).catch((error: unknown) => {
    marks.doubt(member.name);
    throw error;
  });
  if (shown !== marker.id) {
    marks.doubt(member.name);
    throw away(member, "the member's marker is missing or different: is the right disk or bucket there?");
  }
  const isRestored = await marks.check(member).catch((error: unknown) => {
    // Without the journal the marker cannot be compared. Reads continue.
    if (!isStorageError(error) || error.provider === member.name) throw error;
    return false;
  });
  const isReplaced = shownId !== undefined && shownId !== marker.id;
  watched.shownId = marker.id;
  watched.shownAt = startedAt;
  if (isRestored) throw away(member, "the member was restored from a backup; try again");
  if (!isReplaced) return;
  watched.onReplaced();
  // The call was meant for the previous disk or bucket.
  throw away(member, "a new disk or bucket was accepted as this member; try again");
}

function away({ name }: ComposedProvider, reason: string): StorageError {
  return new StorageError("Unavailable", reason, { operation: "head", provider: name, retryable: false });
}

/**
 * Returns the marker that the member must have, and stores the marker on a new member. Returns `undefined` while the journal cannot be
 * written.
 */
async function agreeOnMarker(watched: Watched): Promise<Marker | undefined> {
  const { journal, member } = watched;
  const known = ((await journal.readControl(CONTROL))?.value as Markers | undefined)?.[member.name];
  if (known?.isPlaced === true) return known;
  // An earlier journal may have left a marker. All processes agree on the marker before one of them stores it.
  const found = await idOn(member);
  try {
    const mine = { id: found ?? randomUUID(), isPlaced: false };
    const agreed = await remember(journal, member.name, (was) => was ?? mine);
    if (agreed.isPlaced) return agreed;
    if (agreed.id !== found && !(await put(watched, agreed.id))) return agreed;
    return await remember(journal, member.name, (was) =>
      was?.id === agreed.id ? { ...was, isPlaced: true } : agreed,
    );
  } catch (error) {
    // Without the journal the marker cannot be compared. Reads continue.
    if (isStorageError(error) && error.provider !== member.name) return undefined;
    throw error;
  }
}

async function idOn(member: ComposedProvider): Promise<string | undefined> {
  try {
    return (await member.head(MARKER_KEY, {})).metadata?.["id"];
  } catch (error) {
    if (isStorageError(error, "NotFound")) return undefined;
    throw error;
  }
}

/**
 * Puts the marker on a member.
 *
 * @returns `true` if the marker is on the member; `false` if the member cannot store a marker, so that its answers count without a marker.
 */
async function put(watched: Watched, id: string): Promise<boolean> {
  const { member, composer } = watched;
  const text = `${composer} recognises ${member.name} by this object. Do not delete it.\n`;
  try {
    await member.put(MARKER_KEY, await toBody(text), { contentType: "text/plain", metadata: { id } });
    return true;
  } catch (error) {
    if (!isStorageError(error) || error.code === "Unavailable" || error.code === "Timeout") throw error;
    watched.isUnmarked = true;
    return false;
  }
}

async function remember(
  journal: JournalPart,
  member: string,
  change: (was: Marker | undefined) => Marker,
): Promise<Marker> {
  const markers = await changeControl<Markers>(journal, CONTROL, (was = {}) => {
    const marker = change(was[member]);
    return marker === was[member] ? was : { ...was, [member]: marker };
  });
  return markers?.[member] as Marker;
}

/**
 * Forgets the marker of a member, so that the current disk or bucket counts as the member. If the disk or bucket already has a marker, that
 * marker is used. Otherwise it gets a new marker.
 */
export async function forgetMarker(journal: JournalPart, member: string): Promise<void> {
  await changeControl<Markers>(journal, CONTROL, (was = {}) => {
    const { [member]: _forgotten, ...others } = was;
    return others;
  });
}

/** Returns a page of a listing without the reserved keys. A reserved key contains no delimiter, so it is never part of a common prefix. */
async function listWithout(list: ComposedProvider["list"], options: ListOptions): Promise<ListPage> {
  const page = await list(options);
  const objects = page.objects.filter(({ key }) => !isReserved(key));
  if (objects.length === page.objects.length) return page;
  if (objects.length + page.prefixes.length > 0 || page.cursor === undefined) return { ...page, objects };
  return await listWithout(list, { ...options, after: undefined, cursor: page.cursor });
}

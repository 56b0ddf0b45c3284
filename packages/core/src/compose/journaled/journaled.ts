import { within } from "../../kit/abort.js";
import { describeProvider, type EveryMember } from "../../wrap/intercept.js";
import type { Description } from "../../contract/provider.js";
import { isStorageError, withErrorFacts, type Operation } from "../../contract/errors.js";
import { unlessWithdrawn } from "../withdrawn.js";
import { PROMISES } from "../promises.js";
import { linksOf } from "../holder-link.js";
import { cannotList } from "../supports.js";
import { closeAll, joinedExpiry, locateIn, reopenAll } from "../members.js";
import { createReplicaSet, type SetParts } from "./create-set.js";
import { copyWithJournal } from "./write/copy.js";
import { deleteWithJournal } from "./write/delete.js";
import { guardedUpkeep } from "./upkeep/guarded-upkeep.js";
import { listWithJournal } from "./read/list.js";
import { putWithJournal } from "./write/put.js";
import { upkeepOf } from "./upkeep/repair-round.js";
import type { ReplicaSet } from "./replica-set.js";
import { finalizeWithJournal, multipartWithJournal, signUploadWithJournal } from "./write/uploads.js";
import type { Supports } from "../../contract/supports.js";
import { joinedUpkeep } from "../../kit/joined-upkeep.js";
import type { ComposedProvider } from "../../contract/composed-provider.js";
import { OWN_SETS } from "./own-sets.js";
import { getWithJournal, headWithJournal, findWithJournal, linkWithJournal } from "./read/get.js";

/** The parts from which a composer with a journal is made. */
export interface JournaledParts extends SetParts {
  readonly supports: Supports;
  /** The limits of this composer's promises, in addition to the limits of every composer. */
  readonly limits: readonly string[];
}

/** Makes one provider from several members. The journal controls every call. */
export function journaled(parts: JournaledParts): ComposedProvider {
  const set = createReplicaSet(parts);
  return OWN_SETS.remember(verbs(set, parts), set);
}

function verbs(set: ReplicaSet, parts: JournaledParts): ComposedProvider {
  const { members } = set;
  return {
    name: set.name,
    supports: { ...parts.supports, ...KEPT_BY_THE_JOURNAL },
    put: (key, body, call) =>
      told(
        "put",
        key,
        unlessWithdrawn("put", set.name, call, (options) => putWithJournal(set, key, body, options)),
      ),
    get: (key, call) => told("get", key, getWithJournal(set, key, call)),
    head: (key, call) => told("head", key, headWithJournal(set, key, call)),
    delete: (key, call) =>
      told(
        "delete",
        key,
        unlessWithdrawn("delete", set.name, call, (options) => deleteWithJournal(set, key, options)),
      ),
    list: (call) =>
      told(
        "list",
        undefined,
        listWithJournal(set, call, (key, { signal, onEvent }) =>
          findWithJournal(set, key, { signal, onEvent }),
        ),
      ),
    ref: (key) => members[0].ref(key),
    locate: (text) => locateIn(members, text),
    copy: (from, to, call) =>
      told(
        "copy",
        to,
        unlessWithdrawn("copy", set.name, call, (options) => copyWithJournal(set, from, to, options)),
      ),
    ...linksOf(members, (verb, key, call) => told(verb, key, linkWithJournal(set, verb, key, call))),
    signUpload: members.some(({ signUpload }) => signUpload !== undefined)
      ? (key, call) => signUploadWithJournal(set, key, call)
      : undefined,
    multipart: multipartWithJournal(set),
    finalize: (key, call) => finalizeWithJournal(set, key, call),
    importFrom: undefined,
    move: undefined,
    deleteMany: undefined,
    expiresAfterMs: joinedExpiry(members, set.placement.alike),
    health: undefined,
    upkeep: joinedUpkeep([upkeepOf(set), ...members.map((member) => guardedUpkeep(set, member))]),
    describe: () => describe(parts),
    reopen: () => reopenAll(members),
    close: () => closeSet(set),
  } satisfies EveryMember<ComposedProvider>;
}

/** Adds the operation and the key of the caller's call to a failure of the journal. */
async function told<T>(operation: Operation, key: string | undefined, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!isStorageError(error) || error.provider !== "journal") throw error;
    throw withErrorFacts(error, { operation, key });
  }
}

/** The time that `close` waits for acknowledged writes to reach the slower members, in milliseconds. */
const CLOSE_MS = 5000;

async function closeSet({ members, answered, writes }: ReplicaSet): Promise<void> {
  await within(Promise.allSettled(answered), CLOSE_MS);
  try {
    await closeAll(members);
  } finally {
    // Even an interrupted write records the work that still has to be done.
    await Promise.allSettled(writes);
  }
}

/**
 * The features that the journal adds. The composer evaluates conditions while it holds the key, so no member has to evaluate them.
 */
const KEPT_BY_THE_JOURNAL: Partial<Supports> = {
  ifNoneMatch: true,
  ifMatch: true,
  ifNoneMatchOnMultipart: true,
  conditionalDelete: true,
};

const { P10: _crash, P11: _power, ...others } = PROMISES;

/** The promises of a composer whose journal is lost when the process ends. */
const WHILE_IT_LIVES: readonly string[] = Object.values(others);

function describe({ type, name, journal, members, limits }: JournaledParts): Description {
  return {
    kind: "composer",
    type,
    name,
    tier: journal.tier,
    promises: journal.durable ? Object.values(PROMISES) : WHILE_IT_LIVES,
    limits: [
      ...limits,
      ...(journal.durable ? [] : ["the journal does not survive the process"]),
      ...members.flatMap((member) => (cannotList(member) ? [unlistableLimit(member)] : [])),
      ...members.flatMap((member) => (member.supports.beforeCommit ? [] : [unaskedLimit(member)])),
    ],
    members: members.map(describeProvider),
  };
}

function unaskedLimit({ name }: ComposedProvider): string {
  return `${JSON.stringify(name)} does not support beforeCommit: a write that a suspended process began may take effect when the process continues`;
}

function unlistableLimit({ name }: ComposedProvider): string {
  return `${JSON.stringify(name)} cannot be listed: writes fail until the journal knows every object`;
}

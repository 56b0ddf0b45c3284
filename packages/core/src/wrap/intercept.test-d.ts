import type { ComposedProvider } from "../contract/composed-provider.js";
import type { MultipartUploads } from "../contract/links.js";
import type { StorageProvider } from "../contract/provider.js";
import { intercept, type EveryMember } from "./intercept.js";

declare const provider: StorageProvider;
declare const composed: ComposedProvider;
declare const uploads: MultipartUploads;
declare const whole: EveryMember<ComposedProvider>;

const { copy, ...withoutCopy } = whole;
const { list, ...withoutList } = whole;
const { upkeep, ...withoutUpkeep } = whole;
const { expiresAfterMs, ...withoutExpiry } = whole;
const { finalize, ...withoutFinalize } = whole;
const { abort, ...withoutAbort } = uploads;

/** What forwards all verbs names every one of them, those that a provider need not have too. */
export const forwarded: readonly unknown[] = [
  whole satisfies EveryMember<ComposedProvider>,
  copy,
  list,
  upkeep,
  expiresAfterMs,
  finalize,
  abort,
];

/** A forgotten verb does not compile. */
// @ts-expect-error -- `list` is missing
withoutList satisfies EveryMember<ComposedProvider>;
// @ts-expect-error -- `copy`, an optional verb, is missing
withoutCopy satisfies EveryMember<ComposedProvider>;
// @ts-expect-error -- `abort` is missing
withoutAbort satisfies EveryMember<MultipartUploads>;

/** A wrapper that drops what only composers have does not compile: repair would never reach what is inside. */
// @ts-expect-error -- `upkeep` is missing
withoutUpkeep satisfies EveryMember<ComposedProvider>;
// @ts-expect-error -- `expiresAfterMs` is missing
withoutExpiry satisfies EveryMember<ComposedProvider>;
// @ts-expect-error -- `finalize` is missing
withoutFinalize satisfies EveryMember<ComposedProvider>;

/** A new verb of the contract must be added before what forwards all verbs compiles again. */
interface NextProvider extends ComposedProvider {
  readonly restore?: (key: string) => Promise<void>;
}
// @ts-expect-error -- `restore` is missing
whole satisfies EveryMember<NextProvider>;

/** A plain provider may leave optional verbs out. */
withoutCopy satisfies StorageProvider;
// @ts-expect-error -- but not those that every provider has
withoutList satisfies StorageProvider;

/** The author of an adapter never meets what only composers have. */
// @ts-expect-error -- `upkeep` is no member of a plain provider
void provider.upkeep;
// @ts-expect-error -- nor is `finalize`
void provider.finalize;
// @ts-expect-error -- and `isFinal` is no option of its head
void provider.head("a", { isFinal: true });
void composed.head("a", { isFinal: true, ref: "memory://a" });

/** A plain provider can be wrapped, and what comes of it is a plain provider too. */
provider satisfies ComposedProvider;
intercept(provider, { type: "test" }) satisfies StorageProvider;

/** Options are always given, and members never return something else. */
// @ts-expect-error -- the options are missing
void provider.head("a");

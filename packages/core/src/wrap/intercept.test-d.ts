import type { EveryMember } from "./intercept.js";
import type { MultipartUploads } from "../contract/links.js";
import type { StorageProvider } from "../contract/provider.js";

declare const provider: StorageProvider;
declare const uploads: MultipartUploads;
declare const whole: EveryMember<StorageProvider>;

const { copy, ...withoutCopy } = whole;
const { list, ...withoutList } = whole;
const { abort, ...withoutAbort } = uploads;

/** What forwards all verbs names every one of them, those that a provider need not have too. */
export const forwarded: readonly unknown[] = [
  whole satisfies EveryMember<StorageProvider>,
  copy,
  list,
  abort,
];

/** A forgotten verb does not compile. */
// @ts-expect-error -- `list` is missing
withoutList satisfies EveryMember<StorageProvider>;
// @ts-expect-error -- `copy`, an optional verb, is missing
withoutCopy satisfies EveryMember<StorageProvider>;
// @ts-expect-error -- `abort` is missing
withoutAbort satisfies EveryMember<MultipartUploads>;

/** A new verb of the contract must be added before what forwards all verbs compiles again. */
interface NextProvider extends StorageProvider {
  readonly restore?: (key: string) => Promise<void>;
}
// @ts-expect-error -- `restore` is missing
whole satisfies EveryMember<NextProvider>;

/** A plain provider may leave optional verbs out. */
withoutCopy satisfies StorageProvider;
// @ts-expect-error -- but not those that every provider has
withoutList satisfies StorageProvider;

/** Options are always given, and members never return something else. */
// @ts-expect-error -- the options are missing
void provider.head("a");

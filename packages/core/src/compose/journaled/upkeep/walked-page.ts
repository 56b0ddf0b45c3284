import type { ListOptions } from "../../../contract/call-options.js";
import type { ComposedProvider } from "../../../contract/composed-provider.js";
import { mergeLists, type MergedPage } from "../../merge-list.js";
import { cannotList } from "../../supports.js";

const KEYS_PER_PAGE = 256;
/** The number of keys in one page if a member lists keys without an order. Such a member must list all its keys for each page. */
const KEYS_PER_PAGE_UNORDERED = 10_000;

/** Returns the next keys of a walk through all keys that the members hold. Members that cannot be listed are left out. */
export async function walkedPage(
  composer: string,
  members: readonly ComposedProvider[],
  options: ListOptions,
): Promise<MergedPage> {
  const walked = members.filter((member) => !cannotList(member));
  const isOrdered = walked.every(({ supports }) => supports.orderedList);
  return await mergeLists(composer, walked, {
    ...options,
    limit: isOrdered ? KEYS_PER_PAGE : KEYS_PER_PAGE_UNORDERED,
  });
}

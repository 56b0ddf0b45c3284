import type { ComposedProvider, ComposedSignedUrlOptions } from "../contract/composed-provider.js";
import type { EveryMember } from "../wrap/intercept.js";
import { StorageError } from "../contract/errors.js";

/** The two kinds of link to an object. */
export type LinkVerb = "publicUrl" | "signedUrl";

const WORDS: Readonly<Record<LinkVerb, string>> = {
  publicUrl: "has no public URLs: use signedUrl",
  signedUrl: "has no signed URLs",
};

/** Makes a link to an object, through the member that holds the object. */
export async function linkFrom(
  member: ComposedProvider,
  verb: LinkVerb,
  key: string,
  options: ComposedSignedUrlOptions,
): Promise<string> {
  const { publicUrl, findPublicUrl, signedUrl } = member;
  if (verb === "signedUrl" && signedUrl !== undefined) return await signedUrl(key, options);
  if (verb === "publicUrl" && publicUrl !== undefined) return publicUrl(key);
  if (verb === "publicUrl" && findPublicUrl !== undefined) return await findPublicUrl(key, options);
  throw new StorageError(
    "Unsupported",
    `${JSON.stringify(member.name)} holds the object and ${WORDS[verb]}`,
    {
      operation: verb,
      provider: member.name,
      key,
    },
  );
}

/** Returns a function that tells whether a member supports a kind of link. */
export function hasLinks(verb: LinkVerb): (member: ComposedProvider) => boolean {
  if (verb === "signedUrl") return ({ signedUrl }) => signedUrl !== undefined;
  return ({ publicUrl, findPublicUrl }) => (publicUrl ?? findPublicUrl) !== undefined;
}

/** Makes the link verbs of a composer. The composer has each verb that at least one member has. */
export function linksOf(
  members: readonly ComposedProvider[],
  link: (verb: LinkVerb, key: string, options: ComposedSignedUrlOptions) => Promise<string>,
): Pick<EveryMember<ComposedProvider>, "publicUrl" | "findPublicUrl" | "signedUrl"> {
  const canShow = members.some(hasLinks("publicUrl"));
  const canSign = members.some(hasLinks("signedUrl"));
  return {
    publicUrl: undefined,
    findPublicUrl: canShow ? (key, options) => link("publicUrl", key, options) : undefined,
    signedUrl: canSign ? (key, options) => link("signedUrl", key, options) : undefined,
  };
}

import { checkKey } from "./check.js";
import {
  assertUploadId,
  checkCompleteUpload,
  checkCreateUpload,
  checkSignPart,
  checkSignUpload,
  checkSignedUrl,
} from "./check-links.js";
import { StorageError } from "../contract/errors.js";
import { runCall, type Calls, type Inner } from "./calls.js";
import type { ComposedProvider } from "../contract/composed-provider.js";
import type { FileStorage, StorageMultipart } from "./storage.js";
import { checkNames, type VerbOptions } from "./option-names.js";

type LinkVerb = "publicUrl" | "signedUrl" | "signUpload" | "multipart";

/**
 * Makes the facade's verbs for links and client uploads. Calls of these verbs are checked and reported like all other
 * calls.
 */
export function linksOf(calls: Calls): Pick<FileStorage, LinkVerb> {
  const { provider } = calls;
  return {
    publicUrl: (key, options = {}) => publicUrl(calls, key, options),
    signedUrl: (key, options = {}) => signedUrl(calls, key, options),
    signUpload: async (key, options = {}) => {
      checkNames("signUpload", options);
      checkKey(provider, key, "signUpload");
      const sign = required(provider, "signUpload", key);
      checkSignUpload(provider, key, options);
      return await runCall(calls, "signUpload", key, options, (call) => sign(key, call));
    },
    multipart: multipartOf(calls),
  };
}

/**
 * Makes a permanent link. Returns the link directly if the provider can compute it from the key; otherwise asks the members first
 * and returns a promise.
 */
export function publicUrl(
  calls: Calls,
  key: string,
  options: VerbOptions["publicUrl"],
  ref?: string,
): string | Promise<string> {
  const { provider } = calls;
  checkNames("publicUrl", options);
  checkKey(provider, key, "publicUrl");
  const { findPublicUrl } = provider;
  if (findPublicUrl === undefined) return required(provider, "publicUrl", key)(key);
  return runCall(calls, "publicUrl", key, { ...options, ref }, (call) => findPublicUrl(key, call));
}

/** Makes a link that expires. */
export async function signedUrl(
  calls: Calls,
  key: string,
  options: VerbOptions["signedUrl"],
  ref?: string,
): Promise<string> {
  const { provider } = calls;
  checkNames("signedUrl", options);
  checkKey(provider, key, "signedUrl");
  const sign = required(provider, "signedUrl", key);
  checkSignedUrl(provider, key, options);
  const seen = ref === undefined ? options : { ...options, ref };
  return await runCall(calls, "signedUrl", key, seen, (call) => sign(key, call));
}

type MultipartVerb = Extract<keyof VerbOptions, `multipart.${string}`>;

function multipartOf(calls: Calls): StorageMultipart | undefined {
  const { provider } = calls;
  const { multipart } = provider;
  if (multipart === undefined) return undefined;
  const run = async <Verb extends MultipartVerb, T>(
    verb: Verb,
    key: string,
    options: VerbOptions[Verb],
    check: () => void,
    send: (call: Inner<VerbOptions[Verb]>) => Promise<T>,
  ): Promise<T> => {
    checkNames(verb, options);
    checkKey(provider, key, "multipart");
    check();
    return await runCall(calls, "multipart", key, options, send);
  };
  return {
    create: (key, options = {}) =>
      run(
        "multipart.create",
        key,
        options,
        () => checkCreateUpload(provider, key, options),
        (call) => multipart.create(key, call),
      ),
    signPart: (key, upload, options = {}) =>
      run(
        "multipart.signPart",
        key,
        options,
        () => checkSignPart(provider, key, upload, options),
        (call) => multipart.signPart(key, upload, call),
      ),
    listParts: (key, upload, options = {}) =>
      run(
        "multipart.listParts",
        key,
        options,
        () => assertUploadId(upload),
        (call) => multipart.listParts(key, upload, call),
      ),
    complete: (key, upload, options = {}) =>
      run(
        "multipart.complete",
        key,
        options,
        () => checkCompleteUpload(provider, key, upload, options.ifNoneMatch),
        (call) => multipart.complete(key, upload, call),
      ),
    abort: (key, upload, options = {}) =>
      run(
        "multipart.abort",
        key,
        options,
        () => assertUploadId(upload),
        (call) => multipart.abort(key, upload, call),
      ),
  };
}

type OptionalVerb = Exclude<LinkVerb, "multipart"> | "importFrom";

/** The advice for a verb that is missing. */
const CURES: Partial<Record<OptionalVerb, string>> = {
  publicUrl: ": give the provider a public base URL, or use signedUrl",
};

/** Returns an optional verb of a provider. @throws StorageError `Unsupported` if the provider does not have this verb. */
export function required<Verb extends OptionalVerb>(
  provider: ComposedProvider,
  verb: Verb,
  key: string,
): NonNullable<ComposedProvider[Verb]> {
  const member = provider[verb];
  if (member !== undefined) return member;
  throw new StorageError("Unsupported", `the provider has no ${verb}${CURES[verb] ?? ""}`, {
    operation: verb,
    provider: provider.name,
    key,
  });
}

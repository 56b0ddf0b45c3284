import type { ListOptions } from "../contract/call-options.js";
import type { ComposedProvider } from "../contract/composed-provider.js";
import { isStorageError, withErrorFacts } from "../contract/errors.js";
import type { MultipartUploads } from "../contract/links.js";
import type { Located, ObjectInfo } from "../contract/object.js";
import type { GetResult, ListPage } from "../contract/provider.js";
import type { VerifyFinding, Upkeep } from "../contract/upkeep.js";
import { describeWrapper, type EveryMember, type Layer } from "./intercept.js";

/** The functions with which a wrapper converts the caller's keys to the inner provider's keys, and back. */
export interface KeyMapping {
  /** Returns the inner provider's key of an object. */
  readonly toInner: (key: string) => string;
  /** Returns the callers' key of an object; `undefined` if callers cannot see the object. */
  readonly toOuter: (key: string) => string | undefined;
  /** Returns the inner options of a listing. */
  readonly listing: (options: ListOptions) => ListOptions;
}

/**
 * Passes every call on to the inner provider, with the inner provider's keys. Results and errors contain the caller's
 * keys. Refs remain the refs of the inner provider.
 */
export function mapKeys(
  inner: ComposedProvider,
  keys: KeyMapping,
  about: Pick<Layer, "type" | "promises" | "limits">,
): ComposedProvider {
  return {
    name: inner.name,
    supports: inner.supports,
    ...requiredVerbs(inner, keys),
    ...optionalVerbs(inner, keys),
    multipart: inner.multipart && mapMultipart(inner.multipart, keys),
    expiresAfterMs: inner.expiresAfterMs && ((key) => inner.expiresAfterMs?.(keys.toInner(key))),
    health: inner.health,
    upkeep: inner.upkeep && mapUpkeep(inner.upkeep, keys),
    describe: () => describeWrapper(inner, about),
    reopen: inner.reopen && (async () => await inner.reopen?.()),
    close: async () => inner.close?.(),
  } satisfies EveryMember<ComposedProvider>;
}

type RequiredVerb = "put" | "get" | "head" | "delete" | "list" | "ref" | "locate";

function requiredVerbs(inner: ComposedProvider, keys: KeyMapping): Pick<ComposedProvider, RequiredVerb> {
  const { toInner } = keys;
  return {
    put: (key, body, options) => outer(inner.put(toInner(key), body, options), key, keys, outerInfo),
    get: (key, options) => outer(inner.get(toInner(key), options), key, keys, outerResult),
    head: (key, options) => outer(inner.head(toInner(key), options), key, keys, outerInfo),
    delete: (key, options) => outer(inner.delete(toInner(key), options), key, keys),
    list: (options) => outer(inner.list(keys.listing(options)), options.prefix, keys, outerPage),
    ref: (key) => inner.ref(toInner(key)),
    locate: (text) => outerLocated(inner.locate(text), keys),
  };
}

type OptionalVerb = Exclude<
  keyof ComposedProvider,
  | RequiredVerb
  | "name"
  | "supports"
  | "multipart"
  | "expiresAfterMs"
  | "health"
  | "upkeep"
  | "reopen"
  | "describe"
  | "close"
>;

function optionalVerbs(
  {
    copy,
    deleteMany,
    finalize,
    findPublicUrl,
    importFrom,
    move,
    publicUrl,
    signedUrl,
    signUpload,
  }: ComposedProvider,
  keys: KeyMapping,
): EveryMember<Pick<ComposedProvider, OptionalVerb>> {
  const { toInner } = keys;
  return {
    copy:
      copy && ((from, to, options) => outer(copy(toInner(from), toInner(to), options), to, keys, outerInfo)),
    move:
      move && ((from, to, options) => outer(move(toInner(from), toInner(to), options), to, keys, outerInfo)),
    publicUrl: publicUrl && ((key) => publicUrl(toInner(key))),
    findPublicUrl:
      findPublicUrl && ((key, options) => outer(findPublicUrl(toInner(key), options), key, keys)),
    signedUrl: signedUrl && ((key, options) => outer(signedUrl(toInner(key), options), key, keys)),
    signUpload:
      signUpload &&
      (async (key, options) => ({ ...(await outer(signUpload(toInner(key), options), key, keys)), key })),
    finalize: finalize && ((key, options) => outer(finalize(toInner(key), options), key, keys, outerInfo)),
    importFrom:
      importFrom &&
      ((key, url, options) => outer(importFrom(toInner(key), url, options), key, keys, outerInfo)),
    deleteMany:
      deleteMany &&
      (async (list, options) => {
        const failures = await outer(deleteMany(list.map(toInner), options), undefined, keys);
        return failures.map(({ key, error }) => ({ key: keys.toOuter(key) ?? key, error }));
      }),
  };
}

function mapMultipart(inner: MultipartUploads, keys: KeyMapping): MultipartUploads {
  const { toInner } = keys;
  return {
    create: (key, options) => outer(inner.create(toInner(key), options), key, keys),
    signPart: async (key, upload, options) => ({
      ...(await outer(inner.signPart(toInner(key), upload, options), key, keys)),
      key,
    }),
    listParts: (key, upload, options) => outer(inner.listParts(toInner(key), upload, options), key, keys),
    complete: (key, upload, options) =>
      outer(inner.complete(toInner(key), upload, options), key, keys, outerInfo),
    abort: (key, upload, options) => outer(inner.abort(toInner(key), upload, options), key, keys),
  } satisfies EveryMember<MultipartUploads>;
}

/** Renames the keys in a result or in an error, with a single `then`. @param key - The key as the caller gave it. */
function outer<T>(
  result: Promise<T>,
  key: string | undefined,
  keys: KeyMapping,
  rename: (result: T, keys: KeyMapping) => T = same,
): Promise<T> {
  return result.then(
    (found) => rename(found, keys),
    (error: unknown) => {
      if (!isStorageError(error) || error.key === undefined) throw error;
      throw withErrorFacts(error, { key: keys.toOuter(error.key) ?? key });
    },
  );
}

function same<T>(result: T): T {
  return result;
}

function outerInfo(info: ObjectInfo, { toOuter }: KeyMapping): ObjectInfo {
  const key = toOuter(info.key);
  return key === undefined || key === info.key ? info : { ...info, key };
}

function outerResult(result: GetResult, keys: KeyMapping): GetResult {
  const info = outerInfo(result.info, keys);
  return info === result.info ? result : { ...result, info };
}

function outerPage(page: ListPage, keys: KeyMapping): ListPage {
  return {
    ...page,
    objects: page.objects.map((info) => outerInfo(info, keys)),
    prefixes: page.prefixes.map((prefix) => keys.toOuter(prefix) ?? prefix),
    ...(page.skipped && {
      skipped: page.skipped.map(({ key, reason }) => ({ key: keys.toOuter(key) ?? key, reason })),
    }),
  };
}

function outerLocated(located: Located | undefined, { toOuter }: KeyMapping): Located | undefined {
  if (located === undefined) return undefined;
  const key = toOuter(located.key);
  return key === undefined ? undefined : { ...located, key };
}

/**
 * Renames the keys that a provider's repair functions use. A composer uses the keys of a member's outermost wrapper.
 */
function mapUpkeep(upkeep: Upkeep, keys: KeyMapping): Upkeep {
  const { verify } = upkeep;
  return {
    ...upkeep,
    verify:
      verify &&
      ((call) => {
        const prefix = keys.listing({ prefix: call.prefix }).prefix ?? "";
        const onFinding = (finding: VerifyFinding): void => {
          const key = keys.toOuter(finding.key);
          if (key !== undefined) call.onFinding({ ...finding, key });
        };
        return verify({ ...call, prefix, onFinding });
      }),
    repair: (call) => {
      const { whileClean, within } = call;
      return upkeep.repair({
        ...call,
        within: keys.listing({ prefix: within }).prefix,
        whileClean:
          whileClean &&
          (async (key, work) => {
            const name = keys.toOuter(key);
            if (name !== undefined) await whileClean(name, work);
          }),
      });
    },
  };
}

import type { Operation } from "../contract/errors.js";
import type { MultipartUploads } from "../contract/links.js";
import type { Body, Description, GetResult, ListPage } from "../contract/provider.js";
import type { Upkeep } from "../contract/upkeep.js";
import type { CallOptions, ListOptions, PutOptions } from "../contract/call-options.js";
import type { Located, ObjectInfo } from "../contract/object.js";
import type { ComposedProvider } from "../contract/composed-provider.js";

/** Every member of `T` named, optional ones too, so that a new verb cannot be forgotten. */
export type EveryMember<T> = { [Name in keyof Required<T>]: T[Name] };

/** A call on its way to a provider. */
export interface Call {
  readonly operation: Operation;
  readonly key?: string | undefined;
  /** The keys of a `deleteMany`. */
  readonly keys?: readonly string[] | undefined;
  readonly options: CallOptions;
  /** The body of a put. */
  readonly body?: Body | undefined;
}

/** What a wrapper may change about a call when it passes it on. */
export interface CallChanges {
  readonly signal?: AbortSignal | undefined;
  readonly body?: Body | undefined;
  readonly writeId?: string | undefined;
  readonly onProgress?: PutOptions["onProgress"];
}

/** What a wrapper does around each call: nothing, something before and after, or `next` several times. */
export type Around = <T>(call: Call, next: (changes?: CallChanges) => Promise<T>) => Promise<T>;

/** Calls `next`, also that of a provider which throws where it should reject. */
export function begin<T>(next: (changes?: CallChanges) => Promise<T>, changes?: CallChanges): Promise<T> {
  try {
    return next(changes);
  } catch (error) {
    return Promise.reject(error);
  }
}

/** How a wrapper renames keys: to those of the inner provider and back. */
export interface KeyMapping {
  readonly toInner: (key: string) => string;
  /** `undefined` for keys that lie outside. */
  readonly toOuter: (key: string) => string | undefined;
  /** The inner options of a listing. */
  readonly listing: (options: ListOptions) => ListOptions;
}

/** One wrapper. */
export interface Layer {
  /** The factory's name, for {@link ComposedProvider.describe}. */
  readonly type: string;
  readonly around?: Around | undefined;
  readonly keys?: KeyMapping | undefined;
  /** What the wrapper promises or takes away, for {@link ComposedProvider.describe}. */
  readonly promises?: readonly string[] | undefined;
  readonly limits?: readonly string[] | undefined;
}

/** Passes every call of `inner` through a layer. The one place that knows all the verbs. */
export function intercept(inner: ComposedProvider, layer: Layer): ComposedProvider {
  const around: Around = layer.around ?? ((_call, next) => next());
  const keys = layer.keys ?? SAME_KEYS;
  return {
    name: inner.name,
    supports: inner.supports,
    ...requiredVerbs(inner, around, keys),
    ...optionalVerbs(inner, around, keys),
    expiresAfterMs: inner.expiresAfterMs && ((key) => inner.expiresAfterMs?.(keys.toInner(key))),
    upkeep: outerUpkeep(inner.upkeep, keys),
    describe: () => ({
      kind: "wrapper",
      type: layer.type,
      name: inner.name,
      promises: layer.promises,
      limits: layer.limits,
      members: [describeProvider(inner)],
    }),
    close: async () => inner.close?.(),
  } satisfies EveryMember<ComposedProvider>;
}

type RequiredVerb = "put" | "get" | "head" | "delete" | "list" | "ref" | "locate";

function requiredVerbs(
  inner: ComposedProvider,
  around: Around,
  keys: KeyMapping,
): Pick<ComposedProvider, RequiredVerb> {
  const { toInner } = keys;
  return {
    put: (key, body, options) =>
      withOuterInfo(
        around({ operation: "put", key, options, body }, (changes) =>
          inner.put(toInner(key), changes?.body ?? body, changed(options, changes)),
        ),
        keys,
      ),
    get: (key, options) =>
      withOuterResult(
        around({ operation: "get", key, options }, (changes) =>
          inner.get(toInner(key), changed(options, changes)),
        ),
        keys,
      ),
    head: (key, options) =>
      withOuterInfo(
        around({ operation: "head", key, options }, (changes) =>
          inner.head(toInner(key), changed(options, changes)),
        ),
        keys,
      ),
    delete: (key, options) =>
      around({ operation: "delete", key, options }, (changes) =>
        inner.delete(toInner(key), changed(options, changes)),
      ),
    list: async (options) =>
      outerPage(
        await around({ operation: "list", key: options.prefix, options }, (changes) =>
          inner.list(changed(keys.listing(options), changes)),
        ),
        keys,
      ),
    ref: (key) => inner.ref(toInner(key)),
    locate: (text) => outerLocated(inner.locate(text), keys),
  };
}

type OptionalVerb = Exclude<
  keyof ComposedProvider,
  RequiredVerb | "name" | "supports" | "expiresAfterMs" | "upkeep" | "describe" | "close"
>;

function optionalVerbs(
  { copy, deleteMany, finalize, importFrom, multipart, publicUrl, signedUrl, signUpload }: ComposedProvider,
  around: Around,
  keys: KeyMapping,
): EveryMember<Pick<ComposedProvider, OptionalVerb>> {
  const { toInner } = keys;
  return {
    copy:
      copy &&
      ((from, to, options) =>
        withOuterInfo(
          around({ operation: "copy", key: to, options }, (changes) =>
            copy(toInner(from), toInner(to), changed(options, changes)),
          ),
          keys,
        )),
    publicUrl: publicUrl && ((key) => publicUrl(toInner(key))),
    signedUrl:
      signedUrl &&
      ((key, options) =>
        around({ operation: "signedUrl", key, options }, (changes) =>
          signedUrl(toInner(key), changed(options, changes)),
        )),
    signUpload:
      signUpload &&
      (async (key, options) => ({
        ...(await around({ operation: "signUpload", key, options }, (changes) =>
          signUpload(toInner(key), changed(options, changes)),
        )),
        key,
      })),
    multipart: multipart && interceptMultipart(multipart, around, keys),
    finalize:
      finalize &&
      ((key, options) =>
        withOuterInfo(
          around({ operation: "finalize", key, options }, (changes) =>
            finalize(toInner(key), changed(options, changes)),
          ),
          keys,
        )),
    importFrom:
      importFrom &&
      ((key, url, options) =>
        withOuterInfo(
          around({ operation: "importFrom", key, options }, (changes) =>
            importFrom(toInner(key), url, changed(options, changes)),
          ),
          keys,
        )),
    deleteMany:
      deleteMany &&
      (async (list, options) => {
        const failures = await around({ operation: "deleteMany", keys: list, options }, (changes) =>
          deleteMany(list.map(toInner), changed(options, changes)),
        );
        return failures.map((failure) => ({ ...failure, key: keys.toOuter(failure.key) ?? failure.key }));
      }),
  };
}

/** What a provider says of itself, or the little that is known of one that says nothing. */
export function describeProvider(provider: ComposedProvider): Description {
  return provider.describe?.() ?? { kind: "provider", type: provider.name, name: provider.name };
}

const SAME_KEYS: KeyMapping = {
  toInner: (key) => key,
  toOuter: (key) => key,
  listing: (options) => options,
};

function changed<Options extends CallOptions>(options: Options, changes: CallChanges | undefined): Options {
  if (changes === undefined) return options;
  const { signal, writeId, onProgress } = changes;
  if (signal === undefined && writeId === undefined && onProgress === undefined) return options;
  // In a hot place: spreading an object into a literal with further members takes ten times as long.
  const inner: { -readonly [Name in keyof CallChanges]: CallChanges[Name] } = {};
  if (signal !== undefined) inner.signal = signal;
  if (writeId !== undefined) inner.writeId = writeId;
  if (onProgress !== undefined) inner.onProgress = onProgress;
  return Object.assign({}, options, inner);
}

function interceptMultipart(inner: MultipartUploads, around: Around, keys: KeyMapping): MultipartUploads {
  const { toInner } = keys;
  return {
    create: (key, options) =>
      around({ operation: "multipart", key, options }, (changes) =>
        inner.create(toInner(key), changed(options, changes)),
      ),
    signPart: async (key, upload, options) => ({
      ...(await around({ operation: "multipart", key, options }, (changes) =>
        inner.signPart(toInner(key), upload, changed(options, changes)),
      )),
      key,
    }),
    listParts: (key, upload, options) =>
      around({ operation: "multipart", key, options }, (changes) =>
        inner.listParts(toInner(key), upload, changed(options, changes)),
      ),
    complete: (key, upload, options) =>
      withOuterInfo(
        around({ operation: "multipart", key, options }, (changes) =>
          inner.complete(toInner(key), upload, changed(options, changes)),
        ),
        keys,
      ),
    abort: (key, upload, options) =>
      around({ operation: "multipart", key, options }, (changes) =>
        inner.abort(toInner(key), upload, changed(options, changes)),
      ),
  } satisfies EveryMember<MultipartUploads>;
}

/** Nothing to rename is the common case, and every turn of a promise costs. */
function withOuterInfo(info: Promise<ObjectInfo>, keys: KeyMapping): Promise<ObjectInfo> {
  return keys === SAME_KEYS ? info : info.then((found) => outerInfo(found, keys));
}

function withOuterResult(result: Promise<GetResult>, keys: KeyMapping): Promise<GetResult> {
  return keys === SAME_KEYS ? result : result.then((found) => outerResult(found, keys));
}

function outerInfo(info: ObjectInfo, keys: KeyMapping): ObjectInfo {
  const key = keys.toOuter(info.key);
  return key === undefined || key === info.key ? info : { ...info, key };
}

function outerResult(result: GetResult, keys: KeyMapping): GetResult {
  const info = outerInfo(result.info, keys);
  return info === result.info ? result : { ...result, info };
}

function outerPage(page: ListPage, keys: KeyMapping): ListPage {
  if (keys === SAME_KEYS) return page;
  return {
    ...page,
    objects: page.objects.map((info) => outerInfo(info, keys)),
    prefixes: page.prefixes.map((prefix) => keys.toOuter(prefix) ?? prefix),
    ...(page.skipped && {
      skipped: page.skipped.map((skipped) => ({ ...skipped, key: keys.toOuter(skipped.key) ?? skipped.key })),
    }),
  };
}

function outerLocated(located: Located | undefined, keys: KeyMapping): Located | undefined {
  if (located === undefined) return undefined;
  const key = keys.toOuter(located.key);
  return key === undefined ? undefined : { ...located, key };
}

/** A composer knows its members' keys as the outermost wrapper names them. */
function outerUpkeep(upkeep: Upkeep | undefined, keys: KeyMapping): Upkeep | undefined {
  if (upkeep === undefined || keys === SAME_KEYS) return upkeep;
  const { repair } = upkeep;
  return {
    ...upkeep,
    repair: (call) => {
      const { whileClean, within } = call;
      const { prefix } = keys.listing({ prefix: within });
      return repair({
        ...call,
        within: prefix,
        whileClean:
          whileClean &&
          (async (key, work) => {
            const outer = keys.toOuter(key);
            if (outer !== undefined) await whileClean(outer, work);
          }),
      });
    },
  };
}

import type { CallOptions, CopyOptions, PutOptions, Tries, WriteOptions } from "../contract/call-options.js";
import type { ComposedGetOptions, ComposedProvider } from "../contract/composed-provider.js";
import type { Operation } from "../contract/errors.js";
import type { MultipartUploads } from "../contract/links.js";
import type { ObjectInfo } from "../contract/object.js";
import type { Body, Description, GetResult, StorageProvider } from "../contract/provider.js";

/** All properties of `T`, each of them required: the compiler then reports a verb that a wrapper forgets. */
export type EveryMember<T> = { [Name in keyof Required<T>]: T[Name] };

/** The facts that all calls have. */
interface AnyCall {
  readonly operation: Operation;
  /** The key that is read or written, the target of a copy or a move, or the prefix of a listing. */
  readonly key?: string | undefined;
  /** The keys of a `deleteMany`; both keys of a move. */
  readonly keys?: readonly string[] | undefined;
  /** The body of a put. */
  readonly body?: Body | undefined;
  readonly options: WriteOptions;
}

/** A put on its way to a provider. */
export interface PutCall extends AnyCall {
  readonly operation: "put";
  readonly key: string;
  readonly body: Body;
  readonly options: PutOptions;
}

/** A get on its way to a provider. */
export interface GetCall extends AnyCall {
  readonly operation: "get";
  readonly key: string;
  readonly options: ComposedGetOptions;
}

/** A copy or a move on its way to a provider. */
export interface CopyCall extends AnyCall {
  readonly operation: "copy" | "move";
  readonly key: string;
  readonly options: CopyOptions;
}

/** A call of any other verb. */
export interface OtherCall extends AnyCall {
  readonly operation: Exclude<Operation, "put" | "get" | "copy" | "move">;
}

/** A call on its way to a provider. The `operation` determines the type of the options. */
export type Call = PutCall | GetCall | CopyCall | OtherCall;

/** The changes that a layer may make to a call when it passes the call on. */
export interface CallChanges {
  readonly signal?: AbortSignal | undefined;
  /** The body of a put. */
  readonly body?: Body | undefined;
  /** The write id of a put, a copy or a move. */
  readonly writeId?: string | undefined;
  /** The limits on the retries of a put, a copy or a move. */
  readonly tries?: Tries | undefined;
  /** The listener for the progress of a put. */
  readonly onProgress?: PutOptions["onProgress"];
  /** The function that is called immediately before a write or a delete becomes visible. */
  readonly beforeCommit?: WriteOptions["beforeCommit"];
}

/**
 * The function that passes a call on to the inner provider. A layer may call this function one time, several times, or not at
 * all.
 */
export type Next<T> = (changes?: CallChanges) => Promise<T>;

/**
 * The function of a layer that handles a call of any verb. The function cannot inspect the result, because each verb
 * has a different result.
 */
export type Around = <T>(call: Call, next: Next<T>) => Promise<T>;

/**
 * The part of a wrapper that handles each call of a provider.
 *
 * A layer that must inspect the result of a put, a copy, a move or a get has a special function for that verb. The special
 * function is called instead of `around`.
 */
export interface Layer {
  /** The name of the function that makes the wrapper, as {@link StorageProvider.describe} reports it. */
  readonly type: string;
  /**
   * Handles every call.
   *
   * @default the call is passed on unchanged
   */
  readonly around?: Around | undefined;
  /**
   * Handles a put, instead of `around`.
   *
   * @default none
   */
  readonly aroundPut?: ((call: PutCall, next: Next<ObjectInfo>) => Promise<ObjectInfo>) | undefined;
  /**
   * Handles a copy or a move, instead of `around`.
   *
   * @default none
   */
  readonly aroundCopy?: ((call: CopyCall, next: Next<ObjectInfo>) => Promise<ObjectInfo>) | undefined;
  /**
   * Handles a get, instead of `around`.
   *
   * @default none
   */
  readonly aroundGet?: ((call: GetCall, next: Next<GetResult>) => Promise<GetResult>) | undefined;
  /**
   * The promises of the wrapper, as {@link StorageProvider.describe} reports them.
   *
   * @default none
   */
  readonly promises?: readonly string[] | undefined;
  /**
   * The limits that the wrapper adds, as {@link StorageProvider.describe} reports them.
   *
   * @default none
   */
  readonly limits?: readonly string[] | undefined;
}

/** Calls `next`. If a provider throws instead of rejecting, the error becomes a rejection. */
export function begin<T>(next: Next<T>, changes?: CallChanges): Promise<T> {
  try {
    return next(changes);
  } catch (error) {
    return Promise.reject(error);
  }
}

/**
 * Passes every call of a provider through a layer. Only this function and {@link mapKeys} know all the verbs.
 *
 * The result has every verb of the inner provider, including the functions that only composers have. So a wrapper is complete when
 * it has this form: `{ ...intercept(inner, layer), put: … }`.
 */
export function intercept(inner: ComposedProvider, layer: Layer): ComposedProvider {
  const { around = passOn } = layer;
  return {
    name: inner.name,
    supports: inner.supports,
    ...requiredVerbs(inner, layer, around),
    ...optionalVerbs(inner, around, layer.aroundCopy ?? around),
    expiresAfterMs: inner.expiresAfterMs && ((key) => inner.expiresAfterMs?.(key)),
    health: inner.health,
    upkeep: inner.upkeep,
    reopen: inner.reopen && (async () => await inner.reopen?.()),
    describe: () => describeWrapper(inner, layer),
    close: async () => inner.close?.(),
  } satisfies EveryMember<ComposedProvider>;
}

const passOn: Around = (_call, next) => next();

type RequiredVerb = "put" | "get" | "head" | "delete" | "list" | "ref" | "locate";

function requiredVerbs(
  inner: ComposedProvider,
  { aroundPut, aroundGet }: Layer,
  around: Around,
): Pick<ComposedProvider, RequiredVerb> {
  const put = aroundPut ?? around;
  const get = aroundGet ?? around;
  return {
    put: (key, body, options) =>
      put({ operation: "put", key, options, body }, (changes) =>
        inner.put(key, changes?.body ?? body, changed(options, changes)),
      ),
    get: (key, options) =>
      get({ operation: "get", key, options }, (changes) => inner.get(key, changed(options, changes))),
    head: (key, options) =>
      around({ operation: "head", key, options }, (changes) => inner.head(key, changed(options, changes))),
    delete: (key, options) =>
      around({ operation: "delete", key, options }, (changes) =>
        inner.delete(key, changed(options, changes)),
      ),
    list: (options) =>
      around({ operation: "list", key: options.prefix, options }, (changes) =>
        inner.list(changed(options, changes)),
      ),
    ref: (key) => inner.ref(key),
    locate: (text) => inner.locate(text),
  };
}

type OptionalVerb = Exclude<
  keyof ComposedProvider,
  | RequiredVerb
  | "name"
  | "supports"
  | "expiresAfterMs"
  | "health"
  | "upkeep"
  | "reopen"
  | "describe"
  | "close"
>;

function optionalVerbs(
  inner: ComposedProvider,
  around: Around,
  aroundCopy: NonNullable<Layer["aroundCopy"]>,
): EveryMember<Pick<ComposedProvider, OptionalVerb>> {
  const { copy, deleteMany, finalize, findPublicUrl, importFrom, move, multipart } = inner;
  const { publicUrl, signedUrl, signUpload } = inner;
  return {
    copy:
      copy &&
      ((from, to, options) =>
        aroundCopy({ operation: "copy", key: to, options }, (changes) =>
          copy(from, to, changed(options, changes)),
        )),
    move:
      move &&
      ((from, to, options) =>
        aroundCopy({ operation: "move", key: to, keys: [from, to], options }, (changes) =>
          move(from, to, changed(options, changes)),
        )),
    publicUrl,
    findPublicUrl:
      findPublicUrl &&
      ((key, options) =>
        around({ operation: "publicUrl", key, options }, (changes) =>
          findPublicUrl(key, changed(options, changes)),
        )),
    signedUrl:
      signedUrl &&
      ((key, options) =>
        around({ operation: "signedUrl", key, options }, (changes) =>
          signedUrl(key, changed(options, changes)),
        )),
    signUpload:
      signUpload &&
      ((key, options) =>
        around({ operation: "signUpload", key, options }, (changes) =>
          signUpload(key, changed(options, changes)),
        )),
    multipart: multipart && interceptMultipart(multipart, around),
    finalize:
      finalize &&
      ((key, options) =>
        around({ operation: "finalize", key, options }, (changes) =>
          finalize(key, changed(options, changes)),
        )),
    importFrom:
      importFrom &&
      ((key, url, options) =>
        around({ operation: "importFrom", key, options }, (changes) =>
          importFrom(key, url, changed(options, changes)),
        )),
    deleteMany:
      deleteMany &&
      ((keys, options) =>
        around({ operation: "deleteMany", keys, options }, (changes) =>
          deleteMany(keys, changed(options, changes)),
        )),
  };
}

function interceptMultipart(inner: MultipartUploads, around: Around): MultipartUploads {
  return {
    create: (key, options) =>
      around({ operation: "multipart", key, options }, (changes) =>
        inner.create(key, changed(options, changes)),
      ),
    signPart: (key, upload, options) =>
      around({ operation: "multipart", key, options }, (changes) =>
        inner.signPart(key, upload, changed(options, changes)),
      ),
    listParts: (key, upload, options) =>
      around({ operation: "multipart", key, options }, (changes) =>
        inner.listParts(key, upload, changed(options, changes)),
      ),
    complete: (key, upload, options) =>
      around({ operation: "multipart", key, options }, (changes) =>
        inner.complete(key, upload, changed(options, changes)),
      ),
    abort: (key, upload, options) =>
      around({ operation: "multipart", key, options }, (changes) =>
        inner.abort(key, upload, changed(options, changes)),
      ),
  } satisfies EveryMember<MultipartUploads>;
}

/** Returns the description of a provider. A provider without a description is described by its name. */
export function describeProvider(provider: StorageProvider): Description {
  return provider.describe?.() ?? { kind: "provider", type: provider.name, name: provider.name };
}

/** Returns the description of a wrapper. */
export function describeWrapper(
  inner: StorageProvider,
  { type, promises, limits }: Pick<Layer, "type" | "promises" | "limits">,
): Description {
  return { kind: "wrapper", type, name: inner.name, promises, limits, members: [describeProvider(inner)] };
}

function changed<Options extends CallOptions>(options: Options, changes: CallChanges | undefined): Options {
  if (changes === undefined) return options;
  const { signal, writeId, tries, onProgress, beforeCommit } = changes;
  const isSame = signal === undefined && writeId === undefined && tries === undefined;
  if (isSame && onProgress === undefined && beforeCommit === undefined) return options;
  // This code runs often. Spreading an object into a literal with further properties would take ten times as long.
  const inner: { -readonly [Name in keyof CallChanges]: CallChanges[Name] } = {};
  if (signal !== undefined) inner.signal = signal;
  if (writeId !== undefined) inner.writeId = writeId;
  if (tries !== undefined) inner.tries = tries;
  if (onProgress !== undefined) inner.onProgress = onProgress;
  if (beforeCommit !== undefined) inner.beforeCommit = beforeCommit;
  return Object.assign({}, options, inner);
}

import type { CallOptions, DeleteOptions, GetOptions, HeadOptions } from "./call-options.js";
import type { SignedUrlOptions } from "./links.js";
import type { ObjectInfo } from "./object.js";
import type { GetResult, StorageProvider } from "./provider.js";
import type { Health, Upkeep } from "./upkeep.js";

/** The options that tell where an object was last seen. Only composers use these options. */
export interface SeenOptions extends CallOptions {
  /**
   * The ref under which the object was last seen. The composer asks the member of that ref first.
   *
   * @default none
   */
  readonly ref?: string | undefined;
}

/** The options of a composer's `get`: the options of every provider, and the ref under which the object was last seen. */
export interface ComposedGetOptions extends GetOptions, SeenOptions {}

/**
 * The options of a composer's `head`: the options of every provider, the ref under which the object was last seen, and `isFinal`.
 */
export interface ComposedHeadOptions extends HeadOptions, SeenOptions {
  /**
   * Waits until every earlier write of the key is decided, so that none of these writes can change the answer later.
   * The call rejects with `Unavailable` if the outcome of an earlier write cannot be known yet. A provider without a
   * journal ignores this option.
   *
   * @default false
   */
  readonly isFinal?: boolean | undefined;
}

/** The options of a composer's `signedUrl`: the options of every provider, and the ref under which the object was last seen. */
export interface ComposedSignedUrlOptions extends SignedUrlOptions, SeenOptions {}

/** The options of a composer's `delete`: the options of every provider, and the ref of a single copy. */
export interface ComposedDeleteOptions extends DeleteOptions {
  /**
   * The ref of one copy. A chain or a split without a journal deletes only this copy. Every other composer deletes the
   * object from all members.
   *
   * @default none: the object is deleted from all members
   */
  readonly ref?: string | undefined;
}

/**
 * A provider that is made from other providers: a composer, or a wrapper that may contain a composer.
 *
 * This type has the functions that the author of an adapter need not know about. Every {@link StorageProvider} is also
 * a composed provider, because all added functions are optional. Wrappers therefore take and return plain providers,
 * and can be nested.
 */
export interface ComposedProvider extends StorageProvider {
  /** Does the same as {@link StorageProvider.get}. A composer asks the member of `options.ref` first. */
  readonly get: (key: string, options: ComposedGetOptions) => Promise<GetResult>;

  /** Does the same as {@link StorageProvider.head}, with the options of a composer. */
  readonly head: (key: string, options: ComposedHeadOptions) => Promise<ObjectInfo>;

  /**
   * Does the same as {@link StorageProvider.delete}. With a `ref`, some composers delete only the copy at that ref, and
   * an event names the members that may hold other copies.
   */
  readonly delete: (key: string, options: ComposedDeleteOptions) => Promise<void>;

  /**
   * Finds the member that holds an object, and makes a permanent link to the object. A composer has this function instead of
   * `publicUrl`.
   */
  readonly findPublicUrl?: ((key: string, options: SeenOptions) => Promise<string>) | undefined;

  /** Does the same as {@link StorageProvider.signedUrl}. A composer asks the member of `options.ref` first. */
  readonly signedUrl?: ((key: string, options: ComposedSignedUrlOptions) => Promise<string>) | undefined;

  /**
   * Adopts an object that a client has uploaded directly to a member. The object gets a version, and repair copies the
   * object to the members that should have it. A provider whose uploads need no adoption does not have this function.
   *
   * @throws StorageError `NotFound` if nothing was uploaded.
   */
  readonly finalize?: ((key: string, options: ComposedHeadOptions) => Promise<ObjectInfo>) | undefined;

  /**
   * Returns the age at which a rule removes an object of this key, in milliseconds; `undefined` means that the object
   * is never removed. Repair or the store removes expired objects. Composers do not restore an expired object, because
   * the rule removed the object on purpose.
   */
  readonly expiresAfterMs?: ((key: string) => number | undefined) | undefined;

  /** Returns the health of a composer without a journal. A composer with a journal has this function in `upkeep`. */
  readonly health?: (() => Promise<Health>) | undefined;

  /**
   * The functions for background work, such as repair. Composers with a journal have background work, and so do
   * providers whose objects expire.
   */
  readonly upkeep?: Upkeep | undefined;
}

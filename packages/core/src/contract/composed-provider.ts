import type { CallOptions, DeleteOptions, GetOptions, HeadOptions } from "./call-options.js";
import type { SignedUrlOptions } from "./links.js";
import type { ObjectInfo } from "./object.js";
import type { GetResult, StorageProvider } from "./provider.js";
import type { Health, Upkeep } from "./upkeep.js";

/** The options that tell where an object was seen last. Only a composer uses them. */
export interface SeenOptions extends CallOptions {
  /**
   * The ref under which the object was last seen. The composer asks the member of that ref first.
   *
   * @default none
   */
  readonly ref?: string | undefined;
}

/** The options of `get` of a composer: those of every provider, and where the object was seen. */
export interface ComposedGetOptions extends GetOptions, SeenOptions {}

/** The options of `head` of a composer: those of every provider, where the object was seen, and `isFinal`. */
export interface ComposedHeadOptions extends HeadOptions, SeenOptions {
  /**
   * Waits for writes that are still undecided, so that no write which began earlier can change the answer. The call rejects with
   * `Unavailable` when that cannot be known yet. A provider that keeps no journal ignores this option.
   *
   * @default false
   */
  readonly isFinal?: boolean | undefined;
}

/** The options of `signedUrl` of a composer: those of every provider, and where the object was seen. */
export interface ComposedSignedUrlOptions extends SignedUrlOptions, SeenOptions {}

/** The options of `delete` of a composer: those of every provider, and the copy that is meant. */
export interface ComposedDeleteOptions extends DeleteOptions {
  /**
   * The ref of one copy. A composer that keeps one copy of each object, and has no journal, deletes only that copy. Every other
   * composer deletes the object everywhere.
   *
   * @default none: the object is deleted everywhere
   */
  readonly ref?: string | undefined;
}

/**
 * A provider made of other providers: a composer, or a wrapper, which may have a composer inside.
 *
 * This type holds everything that the author of an adapter need not know. Every {@link StorageProvider} is a composed provider as
 * well, because all added members are optional. So wrappers take and return plain providers, and can be nested.
 */
export interface ComposedProvider extends StorageProvider {
  /** Does as {@link StorageProvider.get}. A composer asks the member of `options.ref` first. */
  readonly get: (key: string, options: ComposedGetOptions) => Promise<GetResult>;

  /** Does as {@link StorageProvider.head}, with the options of a composer. */
  readonly head: (key: string, options: ComposedHeadOptions) => Promise<ObjectInfo>;

  /**
   * Does as {@link StorageProvider.delete}. With a `ref`, a composer may delete one copy alone; an event then names the members
   * that may hold others.
   */
  readonly delete: (key: string, options: ComposedDeleteOptions) => Promise<void>;

  /** Asks where an object is, and makes a permanent link to that place. A composer has this in place of `publicUrl`. */
  readonly findPublicUrl?: ((key: string, options: SeenOptions) => Promise<string>) | undefined;

  /** Does as {@link StorageProvider.signedUrl}. A composer asks the member of `options.ref` first. */
  readonly signedUrl?: ((key: string, options: ComposedSignedUrlOptions) => Promise<string>) | undefined;

  /**
   * Adopts an object that a client has uploaded past the composer: the object gets a version, and repair copies it to the members
   * that should have it. Absent on providers where an upload needs no such step.
   *
   * @throws StorageError `NotFound` when nothing was uploaded.
   */
  readonly finalize?: ((key: string, options: ComposedHeadOptions) => Promise<ObjectInfo>) | undefined;

  /**
   * Returns for how long a rule lets an object of this key stay, in milliseconds; `undefined` means for ever. Composers do not
   * bring back an older object, because it was removed on purpose. Repair, or the store, removes the object itself.
   */
  readonly expiresAfterMs?: ((key: string) => number | undefined) | undefined;

  /** Tells how the members of a composer without a journal are. A composer with a journal tells it in `upkeep`. */
  readonly health?: (() => Promise<Health>) | undefined;

  /** The work that is left to do besides the calls. Composers with a journal have it, and providers whose objects expire. */
  readonly upkeep?: Upkeep | undefined;
}

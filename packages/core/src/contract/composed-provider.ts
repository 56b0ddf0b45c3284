import type { CallOptions, DeleteOptions, GetOptions, HeadOptions } from "./call-options.js";
import type { SignedUrlOptions } from "./links.js";
import type { ObjectInfo } from "./object.js";
import type { GetResult, StorageProvider } from "./provider.js";
import type { Health, Upkeep } from "./upkeep.js";

/** Where an object was seen last: only a composer can make something of it. */
export interface SeenOptions extends CallOptions {
  /**
   * The ref under which the object was last seen: the composer asks that member first.
   *
   * @default none
   */
  readonly ref?: string | undefined;
}

/** What `get` of a composer takes besides the options of every provider. */
export interface ComposedGetOptions extends GetOptions, SeenOptions {}

/** What `head` of a composer takes besides the options of every provider. */
export interface ComposedHeadOptions extends HeadOptions, SeenOptions {
  /**
   * Waits for writes that are still undecided, so that no write which began earlier can change the answer. Rejects
   * with `Unavailable` when that cannot be known yet. A provider that keeps no journal ignores it.
   *
   * @default false
   */
  readonly isFinal?: boolean | undefined;
}

/** The options of `signedUrl` of a composer: those of every provider, and where the object was seen. */
export interface ComposedSignedUrlOptions extends SignedUrlOptions, SeenOptions {}

/** The options of `delete` of a composer: those of every provider, and which copy is meant. */
export interface ComposedDeleteOptions extends DeleteOptions {
  /**
   * The ref of one copy: a composer that keeps one copy of each object, and has no journal, deletes at that very place
   * alone. Every other composer deletes the object everywhere.
   *
   * @default none: the object is deleted everywhere
   */
  readonly ref?: string | undefined;
}

/**
 * A provider made of other providers: a composer, or a wrapper, which may have a composer inside.
 *
 * Everything that the author of an adapter need not know is here. Every {@link StorageProvider} is one as well, because
 * all that is added is optional; so wrappers take and return plain providers, and nest.
 */
export interface ComposedProvider extends StorageProvider {
  /** As {@link StorageProvider.get}; a composer asks the member of `options.ref` first. */
  readonly get: (key: string, options: ComposedGetOptions) => Promise<GetResult>;

  /** As {@link StorageProvider.head}, with the options of a composer. */
  readonly head: (key: string, options: ComposedHeadOptions) => Promise<ObjectInfo>;

  /** As {@link StorageProvider.delete}; with a `ref` one copy may go alone, and an event names the others. */
  readonly delete: (key: string, options: ComposedDeleteOptions) => Promise<void>;

  /** Asks where an object is, and makes a permanent link to that place: a composer has this in place of `publicUrl`. */
  readonly findPublicUrl?: ((key: string, options: SeenOptions) => Promise<string>) | undefined;

  /** As {@link StorageProvider.signedUrl}; a composer asks the member of `options.ref` first. */
  readonly signedUrl?: ((key: string, options: ComposedSignedUrlOptions) => Promise<string>) | undefined;

  /**
   * Takes over what a client has uploaded past the composer: the object gets a version, and repair copies it to the
   * members that should have it. Absent where an upload is simply there.
   *
   * @throws StorageError `NotFound` when nothing was uploaded.
   */
  readonly finalize?: ((key: string, options: ComposedHeadOptions) => Promise<ObjectInfo>) | undefined;

  /**
   * Returns for how long a rule lets an object of this key stay, in milliseconds; `undefined` means for ever. Composers
   * do not bring back what is older: it was removed on purpose. Repair, or the store, removes the object itself.
   */
  readonly expiresAfterMs?: ((key: string) => number | undefined) | undefined;

  /** Tells how the members of a composer without a journal are. A composer with a journal has it in `upkeep`. */
  readonly health?: (() => Promise<Health>) | undefined;

  /** Work that is left to do besides the calls: of a composer with a journal, and where objects expire. */
  readonly upkeep?: Upkeep | undefined;
}

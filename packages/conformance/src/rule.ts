import type {
  BodyInput,
  FileStorage,
  ListPage,
  ObjectInfo,
  StorageOptions,
  StorageProvider,
  Supports,
} from "@stowage/core";
import type {
  DeleteOptions,
  GetOptions,
  GetResult,
  HeadOptions,
  ListOptions,
  PutOptions,
} from "@stowage/core/provider";

/** A feature that `supports` says yes or no to. */
export type Flag = {
  [Name in keyof Supports]-?: Supports[Name] extends boolean ? Name : never;
}[keyof Supports];

/** A member that only some providers have. */
export type OptionalMember =
  | "copy"
  | "move"
  | "publicUrl"
  | "signedUrl"
  | "signUpload"
  | "multipart"
  | "importFrom"
  | "deleteMany"
  | "close";

/**
 * Something that a provider declares about itself.
 *
 * `leaf` is a provider without members, by its `describe()`. `objectLimit` and `keyLimit` are limits of its
 * own: a finite `objectBytesMax`, a `keyBytesMax` below that of the contract.
 */
export type Feature = Flag | OptionalMember | "leaf" | "objectLimit" | "keyLimit";

/** What a rule asks of a provider before it can be run: a feature, or its absence. */
export type Need = Feature | `!${Feature}`;

/**
 * One sentence of the contract, and how it is checked.
 *
 * A rule that is not kept throws. It works under its own prefix, and needs no clean-up.
 */
export interface Rule {
  /** The sentence. Unique in the suite. */
  readonly title: string;
  /** A provider that declares otherwise is not asked: the only reason for which a rule is skipped. */
  readonly needs?: readonly Need[] | undefined;
  /** The largest object that the rule writes, in bytes; providers with a lower `objectBytesMax` skip it. */
  readonly largest?: number | undefined;
  /** The rule closes its provider and so gets one of its own. */
  readonly own?: boolean | undefined;
  readonly run: (context: RuleContext) => Promise<void>;
}

/** What {@link RuleContext.put} takes: the options of a provider's `put`, and the declared size of the body. */
export interface RulePutOptions extends PutOptions {
  /**
   * The length of the body, in bytes.
   *
   * @default none
   */
  readonly size?: number | undefined;
}

/**
 * A provider as one rule sees it.
 *
 * Names are relative: `"a.txt"` stands for the key {@link RuleContext.key} makes of it, under a prefix that no
 * other rule uses. Every member works on its own, so a rule takes what it needs out of the context.
 */
export interface RuleContext {
  readonly provider: StorageProvider;
  /** The facade over the provider, without retries and time limits. */
  readonly storage: FileStorage;
  /** What every key of this rule starts with; ends with `/`. */
  readonly prefix: string;
  readonly key: (name: string) => string;
  /** The provider's own `put`, with the body made by core. */
  readonly put: (name: string, input: BodyInput, options?: RulePutOptions) => Promise<ObjectInfo>;
  /** The provider's own `get`. */
  readonly get: (name: string, options?: GetOptions) => Promise<GetResult>;
  /** The provider's own `head`. */
  readonly head: (name: string, options?: HeadOptions) => Promise<ObjectInfo>;
  /** The provider's own `delete`. */
  readonly remove: (name: string, options?: DeleteOptions) => Promise<void>;
  /** One page of the provider's own `list`; the prefix is relative. */
  readonly list: (options?: ListOptions) => Promise<ListPage>;
  /** The names of all pages, as they come; sorted where the provider has no order. */
  readonly names: (options?: ListOptions) => Promise<string[]>;
  /** The bytes of an object, read to the end. */
  readonly read: (name: string, options?: GetOptions) => Promise<Uint8Array>;
  /** Throws unless the object has this content. Only asks that it can be read where bytes are not exact. */
  readonly holds: (name: string, expected: string | Uint8Array) => Promise<void>;
  /** Throws unless `head`, `get` and, where the provider can list, `list` agree that there is no such object. */
  readonly lacks: (name: string) => Promise<void>;
  /** Makes a facade over another provider, such as a changed copy of {@link RuleContext.provider}. */
  readonly createStorage: (provider: StorageProvider, options?: StorageOptions) => FileStorage;
  /** An empty temporary folder, removed after the rule. */
  readonly directory: () => Promise<string>;
}

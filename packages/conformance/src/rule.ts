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

/** The name of a feature that `supports` declares with true or false. */
export type Flag = {
  [Name in keyof Supports]-?: Supports[Name] extends boolean ? Name : never;
}[keyof Supports];

/** The name of a member that only some providers have. */
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
 * A feature that a provider declares about itself.
 *
 * `leaf` means that `describe()` shows no composer: neither the provider itself nor a provider inside it.
 * `objectLimit` means a finite `objectBytesMax`. `keyLimit` means a `keyBytesMax` below the limit of the contract.
 */
export type Feature = Flag | OptionalMember | "leaf" | "objectLimit" | "keyLimit";

/** A feature that a provider must have for a rule to run. With `!` in front, the provider must lack the feature. */
export type Need = Feature | `!${Feature}`;

/**
 * A rule: one sentence of the contract, and the code that checks the sentence.
 *
 * `run` throws if the sentence is false for the provider. It uses only its own prefix, and does not have to clean up.
 */
export interface Rule {
  /** The sentence. Unique in the suite. */
  readonly title: string;
  /** The needs of the rule. The rule is skipped if the provider's declarations do not meet them. */
  readonly needs?: readonly Need[] | undefined;
  /** The size of the largest object that the rule writes, in bytes. The rule is skipped for providers with a lower `objectBytesMax`. */
  readonly largest?: number | undefined;
  /** True if the rule closes its provider. Such a rule gets a separate provider. */
  readonly own?: boolean | undefined;
  readonly run: (context: RuleContext) => Promise<void>;
}

/** The options of {@link RuleContext.put}: the options of a provider's `put`, and the declared size of the body. */
export interface RulePutOptions extends PutOptions {
  /**
   * The length of the body, in bytes.
   *
   * @default none
   */
  readonly size?: number | undefined;
}

/**
 * The provider, its facade and the functions that a rule gets.
 *
 * Names are relative: `"a.txt"` stands for the key that {@link RuleContext.key} returns for it. The prefix of this key belongs
 * to this rule alone. Every member works without `this`, so a rule can destructure the context.
 */
export interface RuleContext {
  readonly provider: StorageProvider;
  /** The facade over the provider, without retries and time limits. */
  readonly storage: FileStorage;
  /** The prefix of every key of this rule; it ends with `/`. */
  readonly prefix: string;
  readonly key: (name: string) => string;
  /** Calls the provider's own `put`, with a body that core makes from the input. */
  readonly put: (name: string, input: BodyInput, options?: RulePutOptions) => Promise<ObjectInfo>;
  /** Calls the provider's own `get`. */
  readonly get: (name: string, options?: GetOptions) => Promise<GetResult>;
  /** Calls the provider's own `head`. */
  readonly head: (name: string, options?: HeadOptions) => Promise<ObjectInfo>;
  /** Calls the provider's own `delete`. */
  readonly remove: (name: string, options?: DeleteOptions) => Promise<void>;
  /** Returns one page of the provider's own `list`. The prefix is relative. */
  readonly list: (options?: ListOptions) => Promise<ListPage>;
  /** Returns the names on all pages, in the provider's order. If the provider has no ordered listings, sorts the names. */
  readonly names: (options?: ListOptions) => Promise<string[]>;
  /** Reads an object to its end, and returns its bytes. */
  readonly read: (name: string, options?: GetOptions) => Promise<Uint8Array>;
  /**
   * Throws unless the object has this content. If the provider is not byte-exact, the object only has to be readable.
   */
  readonly holds: (name: string, expected: string | Uint8Array) => Promise<void>;
  /**
   * Throws unless `head` and `get` agree that the object does not exist. If the provider can list, `list` has to agree
   * too.
   */
  readonly lacks: (name: string) => Promise<void>;
  /** Makes a facade over a provider, such as a changed copy of {@link RuleContext.provider}. */
  readonly createStorage: (provider: StorageProvider, options?: StorageOptions) => FileStorage;
  /** Makes an empty temporary folder, which is removed after the rule. */
  readonly directory: () => Promise<string>;
}

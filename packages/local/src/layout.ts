/** The rule that turns keys into file names. Both layouts are injective: two keys never share a file. */
export interface Layout {
  readonly name: "plain" | "portable";
  /** The folder inside the root that holds the objects; `""` for the root itself. */
  readonly base: string;
  /**
   * Returns the reason why the layout cannot hold a key, as the end of a sentence. Returns `undefined` if the layout
   * can hold the key.
   */
  readonly problem: (key: string) => string | undefined;
  /** Returns the path of a key's file, below the base. */
  readonly toPath: (key: string) => string;
  /** Returns the key that belongs to a path below the base, or `undefined` if no key has that path. */
  readonly toKey: (path: string) => string | undefined;
  /**
   * Returns the text of a key: a form of the key that `compare` sorts in the order of listings. `entry` turns a name on
   * the disk into such a text.
   */
  readonly toText: (key: string) => string;
  readonly fromText: (text: string) => string;
  readonly compare: (a: string, b: string) => number;
  /**
   * Returns the text for an entry of a folder. If the entry is a folder, the texts of all entries inside it begin with
   * this text. The text of a folder ends with `/`, unless the folder holds the rest of a long segment. Returns
   * `undefined` for a name that this layout never produces.
   */
  readonly entry: (name: string, isFolder: boolean) => LayoutEntry | undefined;
  /** Tells whether a text belongs to a key that has this path below the base. */
  readonly holds: (text: string, path: string) => boolean;
  /** Tells whether an entry belongs to the provider itself and not to any key. */
  readonly isPrivate: (folder: string, name: string) => boolean;
}

export interface LayoutEntry {
  readonly text: string;
  readonly isFolder: boolean;
}

/** The rule that names keys on disk. Both layouts are injective: two keys never share a file. */
export interface Layout {
  readonly name: "plain" | "portable";
  /** The folder inside the root that holds the objects; `""` for the root itself. */
  readonly base: string;
  /** Returns the reason why the layout cannot hold a key, as the end of a sentence; `undefined` when it can. */
  readonly problem: (key: string) => string | undefined;
  /** Returns the path of a key's file, below the base. */
  readonly toPath: (key: string) => string;
  /** Returns the key of a path below the base, or `undefined` when no key has that path. */
  readonly toKey: (path: string) => string | undefined;
  /** Returns the text of a key. Names are decoded to such texts, and `compare` sorts them in the order of listings. */
  readonly toText: (key: string) => string;
  readonly fromText: (text: string) => string;
  readonly compare: (a: string, b: string) => number;
  /**
   * Returns the text that an entry of a folder adds to the texts inside. The text of a folder ends with `/`, unless the
   * folder holds the rest of a long segment. Returns `undefined` for a name that the layout does not give.
   */
  readonly entry: (name: string, isFolder: boolean) => LayoutEntry | undefined;
  /** Tells whether a text is the text of a key, and the path below the base is the path of that key. */
  readonly holds: (text: string, path: string) => boolean;
  /** Tells whether an entry is the provider's own, and not part of any key. */
  readonly isPrivate: (folder: string, name: string) => boolean;
}

export interface LayoutEntry {
  readonly text: string;
  readonly isFolder: boolean;
}

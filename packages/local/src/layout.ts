/** How keys are named on disk. Both ways are injective: two keys never share a file. */
export interface Layout {
  readonly name: "plain" | "portable";
  /** The folder inside the root that holds the objects; `""` for the root itself. */
  readonly base: string;
  /** Why a key cannot be held, as the end of a sentence. */
  readonly problem: (key: string) => string | undefined;
  /** The path of a key's file, below the base. */
  readonly toPath: (key: string) => string;
  /** The key of a path below the base, or `undefined` when none has that path. */
  readonly toKey: (path: string) => string | undefined;
  /** A key as the text that names are decoded to, and that `compare` orders as listings are. */
  readonly toText: (key: string) => string;
  readonly fromText: (text: string) => string;
  readonly compare: (a: string, b: string) => number;
  /** What an entry of a folder adds to the texts inside: a folder's ends with `/`, or goes on in its segment. */
  readonly entry: (name: string, isFolder: boolean) => LayoutEntry | undefined;
  /** Whether a text is that of a key, and the path below the base is the one of that key. */
  readonly holds: (text: string, path: string) => boolean;
  /** Whether an entry is the provider's own, and not part of any key. */
  readonly isPrivate: (folder: string, name: string) => boolean;
}

export interface LayoutEntry {
  readonly text: string;
  readonly isFolder: boolean;
}

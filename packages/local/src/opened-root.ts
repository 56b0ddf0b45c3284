import type { Directories, SymlinkCheck } from "./directories.js";
import type { FactThread } from "./fact-thread.js";
import type { Layout } from "./layout.js";
import type { Sidecars } from "./sidecars.js";
import type { Temporaries } from "./temporaries.js";

/** The options with which a root is opened. */
export interface RootOptions {
  readonly path: string;
  readonly provider: string;
  readonly layout: Layout["name"];
  readonly create: boolean;
  readonly check: SymlinkCheck | undefined;
  readonly fileMode: number;
  readonly directoryMode: number;
  /** The permissions of the provider's own files and folders. */
  readonly privateFileMode: number;
  readonly privateDirectoryMode: number;
  readonly durable: boolean;
}

/** An opened root, with the parts that work on it. */
export interface Root {
  /** The root's path without symbolic links. */
  readonly path: string;
  readonly layout: Layout;
  readonly directories: Directories;
  readonly temporaries: Temporaries;
  readonly sidecars: Sidecars;
  readonly factThread: FactThread;
  /** True if the facts of an open file are in memory, so that they can be read without waiting for the disk. */
  readonly isLocal: boolean;
}

import {
  SUPPORTS_ALL,
  createKeyLock,
  knownNames,
  nonEmptyText,
  oneOf,
  prefixed,
  type OptionNames,
  type StorageProvider,
  anyText,
  wholeNumber,
} from "@stowage/core/provider";
import { copyObject } from "./copy.js";
import { deleteObject } from "./delete.js";
import type { SymlinkCheck } from "./directories.js";
import { getObject } from "./get.js";
import { createGenerations } from "./generation.js";
import { headObject } from "./head.js";
import { listObjects } from "./list.js";
import { moveObject } from "./move.js";
import { createPlaces } from "./places.js";
import { putObject } from "./put.js";
import type { RootOptions } from "./opened-root.js";
import { absoluteRoot, createRootHolder } from "./root.js";
import type { Disk } from "./disk.js";
import { STREAM_BYTES_KEPT } from "./write-body.js";

/** The options of {@link local}. */
export interface LocalOptions {
  /** The folder that holds the objects. */
  readonly root: string;
  /**
   * The provider's name in errors, logs and composers.
   *
   * @default `"local"`
   */
  readonly name?: string | undefined;
  /**
   * Put before every key, e.g. `"uploads/"`: a part of the root.
   *
   * @default none
   */
  readonly keyPrefix?: string | undefined;
  /**
   * How keys become files. With `"plain"` keys are file names, and a folder of uploads is taken over as it is; what
   * the file system cannot hold, such as `a` beside `a/b`, is `Unsupported`. With `"portable"` every key fits on
   * every file system, under encoded names.
   *
   * @default `"plain"`
   */
  readonly layout?: "plain" | "portable" | undefined;
  /**
   * What an acknowledged put survives. With `"fsync"` it survives a loss of power. With `"rename"` it survives the
   * end of the process, at any instant; a loss of power may take what was put shortly before, or tear it.
   *
   * @default `"fsync"`
   */
  readonly durability?: "fsync" | "rename" | undefined;
  /**
   * Makes the root when it is missing, with the folders above it.
   *
   * @default false: a missing root is `Unavailable`, because it may be a disk that is not mounted
   */
  readonly create?: boolean | undefined;
  /**
   * Where the folder is served, for `publicUrl` and `locate`. New files and folders can then be read by all users of the
   * machine, the web server among them.
   *
   * @default none: there is no `publicUrl`
   */
  readonly publicBaseUrl?: string | undefined;
  /**
   * Permissions of new files, those with facts included. The `umask` does not count. A file that is replaced keeps its
   * own, and a file system that keeps no permissions has its own.
   *
   * @default `0o600`; `0o644` with `publicBaseUrl`, but for files with facts
   */
  readonly fileMode?: number | undefined;
  /**
   * Permissions of new folders, the provider's own included. The `umask` does not count, and a folder that hands its
   * group on (setgid) makes folders that do so too.
   *
   * @default `0o700`; `0o755` with `publicBaseUrl`, but for the provider's own
   */
  readonly directoryMode?: number | undefined;
  /**
   * How symbolic links below the root are noticed: by the opened folder itself (`"descriptor"`), or by comparing
   * real paths before each use (`"realpath"`; a link planted at the wrong instant may be missed).
   *
   * @default `"descriptor"` on Linux, `"realpath"` elsewhere
   */
  readonly symlinkCheck?: SymlinkCheck | undefined;
  /**
   * What a listing does with a folder that the process may not read: `"fail"` with an error that names it, or `"skip"`
   * it and name it in the page's `skipped`. A volume's own `lost+found` is skipped in any case.
   *
   * @default `"fail"`: a listing is complete, or fails
   */
  readonly unreadable?: "fail" | "skip" | undefined;
}

const PRIVATE = { file: 0o600, directory: 0o700 };
const PUBLIC = { file: 0o644, directory: 0o755 };

/** Returns the permissions of what is made: a folder that is served can be read by all, but for the provider's own. */
function modesOf({
  fileMode,
  directoryMode,
  publicBaseUrl,
}: LocalOptions): Pick<
  RootOptions,
  "fileMode" | "directoryMode" | "privateFileMode" | "privateDirectoryMode"
> {
  const modes = publicBaseUrl === undefined ? PRIVATE : PUBLIC;
  return {
    fileMode: fileMode ?? modes.file,
    directoryMode: directoryMode ?? modes.directory,
    privateFileMode: fileMode ?? PRIVATE.file,
    privateDirectoryMode: directoryMode ?? PRIVATE.directory,
  };
}

/**
 * Files on a local disk.
 *
 * A put is whole or not there: bytes go to a temporary file in `.stowage/` and are renamed into place, facts
 * that the file does not show (metadata, headers, another content type) into a sidecar that belongs to that
 * very version. No symbolic link below the root is followed. Files that were there before are objects too.
 *
 * `ifMatch` is atomic among the calls of one provider; two processes that replace the same version at the same
 * instant may both succeed. `ifNoneMatch: "*"` is atomic among all.
 *
 * @throws TypeError for options of the wrong type. A root that is missing, a file or of another layout shows
 * with the first call: `Unavailable` or `Misconfigured`.
 * @example
 * ```ts
 * const storage = createStorage(local({ root: "./uploads", create: true }));
 * ```
 */
export function local(options: LocalOptions): StorageProvider {
  assertOptions(options);
  const name = options.name ?? "local";
  const layout = options.layout ?? "plain";
  const root = absoluteRoot(options.root);
  const durable = (options.durability ?? "fsync") === "fsync";
  const disk: Disk = {
    name,
    root: createRootHolder({
      path: root,
      provider: name,
      layout,
      create: options.create ?? false,
      check: options.symlinkCheck,
      ...modesOf(options),
      durable,
    }),
    places: createPlaces({
      root,
      layout,
      provider: name,
      publicBaseUrl: options.publicBaseUrl,
    }),
    durable,
    lock: createKeyLock(),
    generations: createGenerations(),
    skipsUnreadable: options.unreadable === "skip",
  };
  const whole = provider(disk, layout, options);
  return options.keyPrefix === undefined ? whole : prefixed(whole, options.keyPrefix);
}

function provider(
  disk: Disk,
  layout: string,
  { publicBaseUrl, durability = "fsync" }: LocalOptions,
): StorageProvider {
  const { places, root, name } = disk;
  return {
    name,
    supports: { ...SUPPORTS_ALL, bufferedBytes: STREAM_BYTES_KEPT },
    put: (key, body, call) => putObject(disk, key, body, call),
    get: (key, call) => getObject(disk, key, call),
    head: (key, call) => headObject(disk, key, call),
    delete: (key, call) => deleteObject(disk, key, call),
    list: (call) => listObjects(disk, call),
    ref: places.ref,
    locate: places.locate,
    copy: (from, to, call) => copyObject(disk, from, to, call),
    move: (from, to, call) => moveObject(disk, from, to, call),
    publicUrl: publicBaseUrl === undefined ? undefined : places.publicUrl,
    describe: () => ({
      kind: "provider",
      type: "local",
      name,
      promises: [
        durability === "fsync"
          ? "an acknowledged put survives a loss of power"
          : "an acknowledged put survives the end of the process, not a loss of power",
        "a put is whole or not there, whenever the process ends",
        "no symbolic link below the root is followed",
      ],
      limits: [
        "ifMatch is atomic among the calls of one provider, not among processes",
        ...(layout === "plain" ? ["a key cannot be the folder of another"] : []),
      ],
    }),
    reopen: () => root.reopen(),
    close: () => root.close(),
  };
}

const LOCAL_OPTIONS: OptionNames<LocalOptions> = {
  root: true,
  name: true,
  keyPrefix: true,
  layout: true,
  durability: true,
  create: true,
  publicBaseUrl: true,
  fileMode: true,
  directoryMode: true,
  symlinkCheck: true,
  unreadable: true,
};

function assertOptions(options: LocalOptions): void {
  knownNames("local", options, LOCAL_OPTIONS);
  const { root, layout, durability, symlinkCheck, unreadable, create, name, keyPrefix, publicBaseUrl } =
    options;
  nonEmptyText("local", "root", root, "the path of a folder");
  oneOf("local", "create", create, [undefined, true, false]);
  if (name !== undefined) anyText("local", "name", name, "the name of a provider");
  if (keyPrefix !== undefined) anyText("local", "keyPrefix", keyPrefix, 'a text such as "uploads/"');
  if (publicBaseUrl !== undefined) anyText("local", "publicBaseUrl", publicBaseUrl, "a URL");
  for (const mode of ["fileMode", "directoryMode"] as const) {
    if (options[mode] !== undefined) wholeNumber("local", mode, options[mode], { most: 0o7777 });
  }
  oneOf("local", "layout", layout, [undefined, "plain", "portable"]);
  oneOf("local", "durability", durability, [undefined, "fsync", "rename"]);
  oneOf("local", "symlinkCheck", symlinkCheck, [undefined, "descriptor", "realpath"]);
  oneOf("local", "unreadable", unreadable, [undefined, "fail", "skip"]);
}

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
   * The text that is put in front of every key, e.g. `"uploads/"`. The provider then uses only that part of the root.
   *
   * @default none
   */
  readonly keyPrefix?: string | undefined;
  /**
   * The rule that turns keys into files. With `"plain"`, keys are the names of files, and an existing folder of uploads can be
   * used as it is. A key that the file system cannot hold, such as `a` beside `a/b`, is `Unsupported`. With `"portable"`, every
   * key can be stored on every file system, under an encoded name.
   *
   * @default `"plain"`
   */
  readonly layout?: "plain" | "portable" | undefined;
  /**
   * The kind of failure that an acknowledged put survives. With `"fsync"`, the object survives a loss of power. With
   * `"rename"`, the object survives a crash of the process at any moment. A loss of power may still remove or damage
   * objects that were put shortly before.
   *
   * @default `"fsync"`
   */
  readonly durability?: "fsync" | "rename" | undefined;
  /**
   * True to make the root, with its parent folders, if the root is missing.
   *
   * @default false: a missing root is `Unavailable`, because it may be a disk that is not mounted
   */
  readonly create?: boolean | undefined;
  /**
   * The URL at which the folder is served, for `publicUrl` and `locate`. With this option, all users of the machine can
   * read new files and folders. The web server needs this.
   *
   * @default none: there is no `publicUrl`
   */
  readonly publicBaseUrl?: string | undefined;
  /**
   * The permissions of new files, including the provider's own files, such as sidecars. The `umask` does not apply. A
   * file that replaces an older file gets the permissions of the older file. A file system that stores no permissions
   * ignores this option.
   *
   * @default `0o600`; `0o644` with `publicBaseUrl`, except for the provider's own files
   */
  readonly fileMode?: number | undefined;
  /**
   * The permissions of new folders, including the provider's own folders. The `umask` does not apply. In a folder with
   * the setgid bit, new folders get this bit too.
   *
   * @default `0o700`; `0o755` with `publicBaseUrl`, except for the provider's own folders
   */
  readonly directoryMode?: number | undefined;
  /**
   * The way in which symbolic links below the root are detected. With `"descriptor"`, the provider asks the system for
   * the real path of the opened folder. With `"realpath"`, the provider compares real paths before each use, and may
   * miss a link that is made just after the comparison.
   *
   * @default `"descriptor"` on Linux, `"realpath"` elsewhere
   */
  readonly symlinkCheck?: SymlinkCheck | undefined;
  /**
   * The way in which a listing treats a folder that the process may not read. `"fail"` throws an error that names the
   * folder. `"skip"` skips the folder and names it in the page's `skipped`. A volume's own `lost+found` is always
   * skipped.
   *
   * @default `"fail"`: a listing is complete, or fails
   */
  readonly unreadable?: "fail" | "skip" | undefined;
}

const PRIVATE = { file: 0o600, directory: 0o700 };
const PUBLIC = { file: 0o644, directory: 0o755 };

/**
 * Returns the permissions of new files and folders. If the root is served at a URL, all users can read new files and
 * folders, except for the provider's own files and folders.
 */
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
 * Returns a provider that keeps objects as files on a local disk.
 *
 * A put stores the whole object or nothing. The bytes go to a temporary file in the folder of the object, and the file
 * is then renamed. Facts that the file does not show (metadata, headers, a content type that differs from the
 * extension) go into a sidecar. The sidecar belongs to exactly that version. The provider follows no symbolic link
 * below the root. Files that were in the root before are objects too.
 *
 * `ifMatch` is atomic among the calls of one provider; if two processes replace the same version at the same instant,
 * both may succeed. `ifNoneMatch: "*"` is atomic among all processes.
 *
 * @throws TypeError for options of the wrong type. The first call, not `local`, throws `Unavailable` for a missing
 * root, and `Misconfigured` for a root that is a file or has a different layout.
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
          : "an acknowledged put survives the end of the process, but not a loss of power",
        "a put stores the whole object or nothing, even if the process crashes",
        "no symbolic link below the root is followed",
      ],
      limits: [
        "ifMatch is atomic among the calls of one provider, not among processes",
        ...(layout === "plain" ? ['two keys such as "a" and "a/b" cannot both exist'] : []),
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

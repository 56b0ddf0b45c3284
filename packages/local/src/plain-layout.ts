import { compareKeys, keyProblem } from "@stowage/core/provider";
import { isNoObject } from "./foreign-names.js";
import type { Layout } from "./layout.js";

/** The provider's own folder inside a root. The folder holds temporary files, sidecars and the root's marker. */
export const PRIVATE_FOLDER = ".stowage";

/**
 * The maximum length of a file name, in bytes, on nearly all file systems.
 *
 * @see https://man7.org/linux/man-pages/man7/path_resolution.7.html
 */
const NAME_BYTES_MAX = 255;

/** The number of characters that always fit into a file name, because a character has up to three bytes. */
const SURELY_SHORT = NAME_BYTES_MAX / 3;

/** Names that Windows does not allow. @see https://learn.microsoft.com/windows/win32/fileio/naming-a-file */
const WINDOWS_FORBIDDEN = /[<>:"|?*]|[. ]$|^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)/i;

function hasDotName(key: string): boolean {
  return key.startsWith(".") || key.includes("/.");
}

/** Returns the layout that uses keys as file names, so that an existing folder of uploads can be used as it is. */
export function plainLayout(platform: NodeJS.Platform = process.platform): Layout {
  return {
    name: "plain",
    base: "",
    problem: (key) => {
      // This key is allowed: it is too short to have a long segment, and no segment begins with a dot. For nearly all
      // keys the check ends here.
      if (key.length <= SURELY_SHORT && !hasDotName(key) && platform !== "win32") return undefined;
      const segments = key.split("/");
      if (isNoObject(segments.at(-1) ?? ""))
        return "file systems give such names to deleted files that are still open";
      if (segments[0]?.toLowerCase() === PRIVATE_FOLDER)
        return `"${PRIVATE_FOLDER}" is the private folder of the provider`;
      const long = segments.find((segment) => Buffer.byteLength(segment) > NAME_BYTES_MAX);
      if (long !== undefined)
        return `a segment is longer than ${NAME_BYTES_MAX} bytes, the limit of a file name`;
      if (platform !== "win32" || !segments.some((segment) => WINDOWS_FORBIDDEN.test(segment)))
        return undefined;
      return 'Windows does not allow the name, but layout: "portable" can store it';
    },
    toPath: (key) => key,
    toKey: (path) => path,
    toText: (key) => key,
    fromText: (text) => text,
    compare: compareKeys,
    entry: (name, isFolder) => (isFolder ? { text: `${name}/`, isFolder } : { text: name, isFolder }),
    holds: (text) => keyProblem(text) === undefined,
    isPrivate: (folder, name) => folder === "" && name.toLowerCase() === PRIVATE_FOLDER,
  };
}

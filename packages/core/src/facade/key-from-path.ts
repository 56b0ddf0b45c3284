import { StorageError } from "../contract/errors.js";
import { keyProblem } from "../contract/key.js";
import { knownNames, anyText } from "../kit/options.js";

/** The options of {@link keyFromPath}. */
export interface KeyFromPathOptions {
  /**
   * The folder that contains the paths, absolute or relative, with either separator. The folder is removed from the paths.
   *
   * @default none
   */
  readonly root?: string | undefined;
}

/**
 * Converts a path from an old database to a key. The path may have a leading slash, Windows separators or a leading `./`, and may
 * start with the root.
 *
 * Only separators, `.` segments, doubled slashes and the root are changed; everything else is kept. A path with `..` is refused
 * and never resolved.
 *
 * @throws TypeError if `text` is not a string; StorageError `InvalidKey` if the result is not a valid key, or if the path
 *   contains `..`.
 * @example An old row
 * ```ts
 * keyFromPath("C:\\app\\uploads\\a b.mp4", { root: "C:\\app\\uploads" }); // "a b.mp4"
 * keyFromPath("./uploads/2024/a.mp4", { root: "uploads" }); // "2024/a.mp4"
 * ```
 */
export function keyFromPath(text: string, options: KeyFromPathOptions = {}): string {
  anyText("keyFromPath", "path", text, "a string");
  knownNames("keyFromPath", options, { root: true });
  const segments = pathSegments(text);
  const { root: folder } = options;
  if (folder !== undefined) anyText("keyFromPath", "root", folder, "the path of a folder");
  const root = folder === undefined ? [] : pathSegments(folder);
  const inside = startsWith(segments, root) ? segments.slice(root.length) : segments;
  const key = inside.join("/");
  const problem = inside.includes("..") ? 'the path contains ".."' : keyProblem(key);
  if (problem === undefined) return key;
  throw new StorageError("InvalidKey", problem, { operation: "makeKey", provider: "keyFromPath", key: text });
}

function pathSegments(path: string): string[] {
  return path.split(/[/\\]/).filter((segment) => segment !== "" && segment !== ".");
}

function startsWith(segments: readonly string[], start: readonly string[]): boolean {
  return start.every((segment, index) => segments[index] === segment);
}

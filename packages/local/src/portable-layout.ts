import { keyProblem } from "@stowage/core/provider";
import type { Layout, LayoutEntry } from "./layout.js";

/**
 * The length, in characters, at which an encoded segment is cut. With this limit, every name stays below 143 bytes, the
 * maximum of encrypting file systems.
 *
 * @see https://www.kernel.org/doc/html/latest/filesystems/ecryptfs.html
 */
const CHUNK_LENGTH = 130;

/** The length at which a segment is cut in an old root. Old roots were made when the limit for names was 255 bytes. */
const LONG_CHUNK_LENGTH = 198;

/** The ending of a folder's name. With this ending, the object `a` and the folder of `a/b` can exist side by side. */
const FOLDER_END = "%";
/** The ending of a folder's name if the folder holds the rest of a long segment. */
const CHUNK_END = "%+";
/** The name for an empty rest. A segment has an empty rest if it was cut at its very end. */
const EMPTY_REST = "%_";

const DOT = 0x2e;
const KEPT = /^[A-Za-z0-9_\-.,=@+()]$/;
const KEPT_FOLDED = /^[a-z0-9_\-.,=@+()]$/;

/** Names of devices on Windows, with and without an extension. @see https://learn.microsoft.com/windows/win32/fileio/naming-a-file */
const DEVICE = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)/i;

/**
 * Returns the layout that holds every key on every file system. Bytes with a special meaning on some file system are
 * written as `%XX`. Names of devices are changed, long segments are cut, and folders are marked.
 *
 * @param fold - True if the file system takes `A` and `a` for the same name. Then upper-case letters are encoded too.
 * @param longNames - True for an old root. Its names may be too long for some file systems.
 */
export function portableLayout(fold: boolean, longNames = false): Layout {
  const chunk = longNames ? LONG_CHUNK_LENGTH : CHUNK_LENGTH;
  const toPath = (key: string): string => {
    const segments = key.split("/").map((segment) => encodeSegment(segment, fold, chunk));
    const name = segments.pop() ?? "";
    return [...segments.map((segment) => segment + FOLDER_END), name].join("/");
  };
  const holds = (text: string, path: string): boolean => {
    const key = joinBytes(text);
    return keyProblem(key) === undefined && toPath(key) === path;
  };
  const toKey = (path: string): string | undefined => {
    const names = path.split("/");
    const texts = names.map((name, index) => entryOf(name, index < names.length - 1)?.text);
    if (texts.includes(undefined)) return undefined;
    const text = texts.join("");
    return holds(text, path) ? joinBytes(text) : undefined;
  };
  return {
    name: "portable",
    base: "objects",
    problem: () => undefined,
    toPath,
    toKey,
    toText: (key) => Buffer.from(key).toString("latin1"),
    fromText: joinBytes,
    compare: (a, b) => (a < b ? -1 : a > b ? 1 : 0),
    entry: entryOf,
    holds,
    isPrivate: () => false,
  };
}

/**
 * Encodes a segment, and cuts it if it is long. The position of a cut must depend only on the text before the cut.
 * Segments with the same beginning then lie in the same folder, and a listing finds them in the right order.
 */
function encodeSegment(segment: string, fold: boolean, chunk: number): string {
  const names: string[] = [];
  let name = "";
  for (const byte of Buffer.from(segment)) {
    name += tokenOf(byte, name === "", fold);
    if (name.length < chunk) continue;
    names.push(withoutDevice(name) + CHUNK_END);
    name = "";
  }
  if (names.length > 0 && name === "") name = EMPTY_REST;
  return [...names, withoutDevice(withoutEndDot(name))].join("/");
}

/** Returns the character for a byte, or `%XX` if the layout does not keep that character. */
function tokenOf(byte: number, isFirst: boolean, fold: boolean): string {
  const character = String.fromCharCode(byte);
  const isKept = (fold ? KEPT_FOLDED : KEPT).test(character) && !(isFirst && character === ".");
  return isKept ? character : encodeByte(byte);
}

function withoutEndDot(name: string): string {
  return name.endsWith(".") ? name.slice(0, -1) + encodeByte(DOT) : name;
}

function withoutDevice(name: string): string {
  return DEVICE.test(name) ? encodeByte(name.charCodeAt(0)) + name.slice(1) : name;
}

function encodeByte(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
}

function entryOf(name: string, isFolder: boolean): LayoutEntry | undefined {
  const [encoded, end] = split(name);
  const text = encoded === EMPTY_REST ? "" : decode(encoded);
  if (text === undefined || isFolder !== (end !== "")) return undefined;
  return { text: end === FOLDER_END ? `${text}/` : text, isFolder };
}

function split(name: string): readonly [string, string] {
  if (name.endsWith(CHUNK_END)) return [name.slice(0, -CHUNK_END.length), CHUNK_END];
  if (name.endsWith(FOLDER_END)) return [name.slice(0, -FOLDER_END.length), FOLDER_END];
  return [name, ""];
}

/**
 * Returns the text of an encoded name, or `undefined` for any other name. A long name may be cut in the middle of a
 * UTF-8 character. So each character of the returned text stands for one byte. {@link joinBytes} turns these bytes into
 * the key.
 */
function decode(encoded: string): string | undefined {
  if (!/^(?:[A-Za-z0-9_\-.,=@+()]|%[0-9A-F]{2})*$/.test(encoded)) return undefined;
  return encoded.replace(/%([0-9A-F]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
}

/** Decodes UTF-8 from a text in which each character stands for one byte. */
function joinBytes(text: string): string {
  return Buffer.from(text, "latin1").toString();
}

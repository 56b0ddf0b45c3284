import { mutant, storageMutant, type Break, type Mutant } from "../mutant.js";
import { restricted } from "./bases.js";
import { facade, listed, mangled, mangledSegments, verbs } from "./breaks.js";

/** Makes a mutant that changes or hides some keys. */
function changes(what: string, name: string, breaks: Break): Mutant {
  return mutant(`keys with ${what} are kept exactly, or refused with Unsupported`, name, breaks);
}

function hides(pattern: RegExp): Break {
  return listed((page) => ({ ...page, objects: page.objects.filter(({ key }) => !pattern.test(key)) }));
}

const DEVICES = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/** Shortens segments of at least `from` bytes to their first `to` characters. */
function cuts(from: number, to: number, only: (segment: string) => boolean = () => true): Break {
  return mangledSegments((segment) =>
    Buffer.byteLength(segment) >= from && only(segment) ? segment.slice(0, to) : segment,
  );
}

/** A fault that a mutant has: a put deletes objects with the key of a parent folder. A put of `x/a/b/c` deletes `x/a` and `x/a/b`. */
const makesRoomForFolders: Break = verbs((inner) => ({
  put: async (key, body, options) => {
    const parts = key.split("/");
    for (let count = 2; count < parts.length; count++)
      await inner.delete(parts.slice(0, count).join("/"), {});
    return await inner.put(key, body, options);
  },
}));

const makesRoomForFiles: Break = verbs((inner) => ({
  put: async (key, body, options) => {
    const page = await inner.list({ prefix: `${key}/` });
    for (const info of page.objects) await inner.delete(info.key, {});
    return await inner.put(key, body, options);
  },
}));

export const keyMutants: readonly Mutant[] = [
  changes(
    "spaces",
    "turns two spaces into one",
    mangled((key) => key.replaceAll("  ", " ")),
  ),
  changes(
    "a space at the end or at the start",
    "trims segments",
    mangledSegments((segment) => segment.trim()),
  ),
  changes(
    "percent signs",
    "decodes percent signs",
    mangled((key) => key.replace("%41", "A")),
  ),
  changes(
    "encoded slashes and dots",
    "decodes slashes",
    mangled((key) => key.replaceAll(/%2f/gi, "/")),
  ),
  changes(
    "plus signs",
    "treats a plus as a space",
    mangled((key) => key.replaceAll("+", " ")),
  ),
  changes(
    "characters that are special in URLs",
    "cuts queries and fragments",
    mangled((key) => key.replace(/[?#].*$/, "")),
  ),
  changes(
    "quotes and brackets",
    "drops quotes",
    mangled((key) => key.replaceAll(/["'`]/g, "")),
  ),
  changes(
    "characters that are special in shells and on Windows",
    "replaces characters that Windows does not allow",
    mangled((key) => key.replaceAll(/[*:|]/g, "_")),
  ),
  changes(
    "emoji",
    "splits joined emoji",
    mangled((key) => key.replaceAll("\u200D", "")),
  ),
  changes(
    "letters of many scripts",
    "drops diacritics",
    mangled((key) => key.replace("žluť", "zlut")),
  ),
  changes(
    "composed and decomposed characters",
    "normalises keys",
    mangled((key) => key.normalize("NFC")),
  ),
  changes(
    "upper and lower case",
    "folds ASCII case",
    mangled((key) => key.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())),
  ),
  changes(
    "letters that are equal only under Unicode case folding",
    "folds case as Unicode does",
    mangled((key) => key.replaceAll("ß", "ss").replaceAll("\u212A", "k")),
  ),
  changes(
    "names that JavaScript itself uses",
    "loses the key name __proto__",
    mangled((key) => key.replaceAll("__proto__", "proto")),
  ),
  changes("a leading dot", "hides dot files", hides(/\/\.[^/]*$/)),
  changes(
    "a trailing dot",
    "drops trailing dots",
    mangledSegments((segment) => segment.replace(/\.+$/, "")),
  ),
  changes(
    "Windows device names",
    "renames devices",
    mangledSegments((segment) => (DEVICES.test(segment) ? `_${segment}` : segment)),
  ),
  changes(
    "names that look like temporary files",
    "hides names that look temporary",
    hides(/\.(tmp|part|swp)$|[~#]$/),
  ),
  changes(
    "numbers of different lengths",
    "drops leading zeros of numbers",
    mangledSegments((segment) => segment.replace(/^0+(?=\d+\.)/, "")),
  ),
  changes(
    "deep nesting",
    "cuts deep keys",
    mangled((key) => key.split("/").slice(0, 40).join("/")),
  ),
  changes(
    "a segment of 200 bytes",
    "cuts segments at 190 bytes",
    cuts(190, 190, (segment) => segment.startsWith("s")),
  ),
  changes(
    "a segment of 255 bytes",
    "cuts segments at 254 bytes",
    cuts(255, 254, (segment) => segment.startsWith("t")),
  ),
  changes("a segment of 300 bytes", "cuts segments at 299 bytes", cuts(300, 299)),
  changes(
    "a 255-byte segment of three-byte characters",
    "cuts a 255-byte segment to 84 characters",
    cuts(255, 84, (segment) => segment.length === 85),
  ),
  changes(
    "white space other than plain spaces",
    "turns white space into spaces",
    mangled((key) => key.replaceAll(/\s/g, " ")),
  ),
  changes(
    "line separators and direction marks",
    "drops invisible marks",
    mangled((key) => key.replaceAll(/[\u2028\u202E\uFEFF]/g, "")),
  ),
  changes("a one-letter name that is also a folder", "removes a file to make a folder", makesRoomForFolders),
  changes("a folder name that is also a file name", "removes a folder to make a file", makesRoomForFiles),
  mutant(
    "a key as long as keyBytesMax allows is kept",
    "cuts keys at 1,000 bytes",
    mangled((key) => key.slice(0, 1000)),
  ),
  storageMutant(
    "a key longer than keyBytesMax is refused with Unsupported before the source is read",
    "cuts keys that are too long",
    facade((storage, { supports }) => ({
      put: async (key, body, options) =>
        storage.put(typeof key === "string" ? key.slice(0, supports.keyBytesMax) : key, body, options),
    })),
    restricted({ keyBytesMax: 500 }),
  ),
];

import { storageMutant, type Mutant } from "../mutant.js";
import { facade } from "./breaks.js";

/** Makes a mutant with a facade that corrects keys instead of refusing them. */
function repairs(what: string, name: string, change: (key: string) => string): Mutant {
  const repaired = (key: string): string => (typeof key === "string" ? change(key) : key);
  return storageMutant(
    `${what} is refused with InvalidKey`,
    name,
    facade((storage) => ({ put: async (key, body, options) => storage.put(repaired(key), body, options) })),
  );
}

const segments = (key: string, change: (segment: string) => string | undefined): string =>
  key
    .split("/")
    .map(change)
    .filter((segment) => segment !== undefined)
    .join("/");

export const hostileKeyMutants: readonly Mutant[] = [
  repairs("an empty key", 'replaces an empty key with the key "index"', (key) => key || "index"),
  repairs("a key with a leading slash", "drops leading slashes", (key) => key.replace(/^\/+/, "")),
  repairs("a key with a trailing slash", "drops trailing slashes", (key) => key.replace(/\/+$/, "")),
  repairs("a key with an empty segment", "merges slashes", (key) => key.replaceAll(/(?<=.)\/{2,}/g, "/")),
  repairs("a key with a segment of two dots", "drops segments of two dots", (key) =>
    segments(key, (part) => (part === ".." ? undefined : part)),
  ),
  repairs("a key with a segment of one dot", "drops segments of one dot", (key) =>
    segments(key, (part) => (part === "." ? undefined : part)),
  ),
  repairs("a key with a segment of dots and spaces", "replaces dots and spaces", (key) =>
    segments(key, (part) => (/^[. ]{3,}$|^ $/.test(part) ? "_" : part)),
  ),
  repairs("a key with a NUL", "cuts keys at NUL", (key) => key.split("\0")[0] ?? ""),
  repairs("a key with a control character", "drops control characters", (key) =>
    key.replaceAll(/[\u0001-\u001F]/g, ""),
  ),
  repairs("a key with the character DEL", "drops DEL", (key) => key.replaceAll("\u007F", "")),
  repairs("a key with a C1 control character", "drops C1 control characters", (key) =>
    key.replaceAll(/[\u0080-\u009F]/g, ""),
  ),
  repairs("a key with a noncharacter", "drops noncharacters", (key) => key.replaceAll(/[\uFFFE\uFFFF]/g, "")),
  repairs("a key with a backslash", "treats a backslash as a slash", (key) =>
    key.replaceAll("\\", "/").replaceAll("../", ""),
  ),
  repairs("a key with a lone surrogate", "repairs lone surrogates", (key) => key.toWellFormed()),
  repairs("a key of 1,025 bytes", "cuts long keys", (key) =>
    key.length > 1000 ? key.slice(0, 1024) : key.slice(0, 500),
  ),
  storageMutant(
    "a key that is not a string is refused with TypeError",
    "turns keys into text",
    facade((storage) => ({
      put: async (key, body, options) => storage.put(String(key), body, options),
    })),
  ),
  storageMutant(
    "a hostile prefix of a listing is refused with InvalidKey",
    "lists everything for a hostile prefix",
    facade((storage) => ({
      listPage: (options) => storage.listPage(options).catch(() => storage.listPage()),
    })),
  ),
];

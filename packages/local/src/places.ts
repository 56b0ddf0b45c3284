import {
  StorageError,
  decodeKeyPath,
  encodeKeyPath,
  keyProblem,
  type Located,
  type Operation,
} from "@stowage/core/provider";
import { fileURLToPath, pathToFileURL } from "node:url";
import { join, sep } from "node:path";
import type { Layout } from "./layout.js";
import { plainLayout } from "./plain-layout.js";
import { portableLayout } from "./portable-layout.js";
import type { Root } from "./opened-root.js";

/** The conversions between keys, paths inside the root, and texts that leave the provider: refs and URLs. */
export interface Places {
  /**
   * Returns the folder below the root and the file name for a key. Throws the error for a missing file if the layout
   * cannot hold the key.
   */
  readonly file: (root: Root, key: string) => { readonly folder: string; readonly name: string };
  /**
   * Checks that the layout can hold a key.
   *
   * @throws StorageError `Unsupported` if the layout cannot hold the key.
   */
  readonly assertHeld: (root: Root, key: string, operation: Operation) => void;
  readonly ref: (key: string) => string;
  readonly publicUrl: (key: string) => string;
  readonly locate: (text: string) => Located | undefined;
}

interface PlacesOptions {
  /** The root's absolute path. */
  readonly root: string;
  readonly layout: Layout["name"];
  readonly provider: string;
  readonly publicBaseUrl: string | undefined;
}

/** Paths that need no encoding in a URL. */
const URL_SAFE = /^[A-Za-z0-9\-._~/]*$/;

export function createPlaces({ root, layout: name, provider, publicBaseUrl }: PlacesOptions): Places {
  // A ref contains the path that the object would have on a case-sensitive file system. This is the only path that is
  // known without access to the disk.
  const layout = name === "plain" ? plainLayout() : portableLayout(false);
  const base = layout.base === "" ? root : join(root, layout.base);
  // The path of a drive's root already ends with the separator.
  const below = base.endsWith(sep) ? base : base + sep;
  const baseUrl = `${pathToFileURL(base).href.replace(/\/$/, "")}/`;
  const publicUrl = publicBaseUrl === undefined ? undefined : `${publicBaseUrl.replace(/\/$/, "")}/`;
  const ref = (key: string): string => {
    const path = layout.toPath(key);
    return baseUrl + (URL_SAFE.test(path) ? path : encodeKeyPath(path));
  };
  const located = (key: string | undefined): Located | undefined => {
    if (key === undefined || keyProblem(key) !== undefined || layout.problem(key) !== undefined)
      return undefined;
    return { key, provider, ref: ref(key) };
  };
  return {
    assertHeld: (opened, key, operation) => {
      const problem = opened.layout.problem(key);
      if (problem !== undefined) throw new StorageError("Unsupported", problem, { operation, provider, key });
    },
    file: (opened, key) => {
      const problem = opened.layout.problem(key);
      if (problem !== undefined) throw Object.assign(new Error(problem), { code: "ENOENT" });
      const path = opened.layout.toPath(key);
      const cut = path.lastIndexOf("/");
      return {
        folder: folderOf(opened.layout.base, path.slice(0, Math.max(cut, 0))),
        name: path.slice(cut + 1),
      };
    },
    ref,
    publicUrl: (key) => `${publicUrl ?? ""}${encodeKeyPath(key)}`,
    locate: (text) => {
      if (publicUrl !== undefined && text.startsWith(publicUrl)) {
        return located(decodeKeyPath(text.slice(publicUrl.length)));
      }
      const path = pathOf(text);
      if (path === undefined || !path.startsWith(below)) return undefined;
      return located(layout.toKey(path.slice(below.length).split(sep).join("/")));
    },
  };
}

function folderOf(base: string, folder: string): string {
  if (base === "" || folder === "") return base + folder;
  return `${base}/${folder}`;
}

/**
 * Returns the path in a `file:` URL. Returns any other text as it is, and `undefined` for a `file:` URL without a
 * usable path.
 */
function pathOf(text: string): string | undefined {
  if (!text.startsWith("file://")) return text;
  try {
    return fileURLToPath(text);
  } catch {
    return undefined;
  }
}

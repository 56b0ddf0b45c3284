import { fileURLToPath } from "node:url";
import { describeType } from "../contract/key.js";

/**
 * The symbol under which a body stores its path. The symbol is the same in each copy of this package. JSON cannot contain a
 * symbol, so data from a client is never mistaken for a file.
 */
const PATH: unique symbol = Symbol.for("@stowage/core file body") as never;

/** A body that is a file on this machine, made by {@link fromFile}. */
export interface FileBody {
  readonly [PATH]: string;
}

/**
 * Makes a body from a file on this machine. The file is opened when a put reads the body, and can be read again.
 *
 * @param path - The path of the file, or its `file:` URL. Never pass a path that a client sent.
 * @example
 * ```ts
 * await storage.put("videos/42.mp4", fromFile("/tmp/upload-42"));
 * ```
 * @throws TypeError when the path is neither a string nor a `file:` URL.
 */
export function fromFile(path: string | URL): FileBody {
  const text = path instanceof URL ? fileURLToPath(path) : path;
  if (typeof text === "string" && text !== "") return { [PATH]: text };
  throw new TypeError(
    `fromFile: path must be the path of a file, not ${text === "" ? '""' : describeType(text)}`,
  );
}

/** Returns the path of a body that {@link fromFile} made. */
export function pathOf(input: unknown): string | undefined {
  return (input as Partial<FileBody> | null | undefined)?.[PATH];
}

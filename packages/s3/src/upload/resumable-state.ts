import { StorageError } from "@stowage/core/provider";
import { stat } from "node:fs/promises";
import type { Store } from "../store.js";

/** What an upload that was interrupted needs to go on: plain JSON, and no secret. */
export interface ResumableState {
  readonly version: 1;
  readonly bucket: string;
  /** In the bucket. */
  readonly key: string;
  readonly uploadId: string;
  /** Kept with the object, so that one that is finished is recognised. */
  readonly writeId: string;
  /** In bytes. */
  readonly partSizeBytes: number;
  readonly source: SourceFacts;
}

/** By what a file is known to be the same. */
export interface SourceFacts {
  /** In bytes. */
  readonly size: number;
  /** When it was last written, in milliseconds since 1970. */
  readonly modifiedMs: number;
}

export async function sourceFacts(
  { name: provider }: Store,
  key: string,
  path: string,
): Promise<SourceFacts> {
  const facts = await stat(path).catch((cause: unknown) => {
    throw new StorageError("SourceError", `the file ${path} cannot be read`, {
      operation: "put",
      provider,
      key,
      cause,
    });
  });
  if (facts.isFile()) return { size: facts.size, modifiedMs: facts.mtimeMs };
  throw new StorageError("SourceError", `${path} is not a file`, { operation: "put", provider, key });
}

/** @throws StorageError `SourceError`. */
export function assertSame(
  { name: provider }: Store,
  key: string,
  before: SourceFacts,
  now: SourceFacts,
): void {
  if (before.size === now.size && before.modifiedMs === now.modifiedMs) return;
  const reason =
    before.size === now.size
      ? "the file was written again since the upload began: begin a new one, without the state"
      : `the file had ${before.size} bytes when the upload began and has ${now.size} now: begin a new one, without the state`;
  throw new StorageError("SourceError", reason, { operation: "put", provider, key });
}

const SHAPE = {
  version: "number",
  bucket: "string",
  key: "string",
  uploadId: "string",
  writeId: "string",
  partSizeBytes: "number",
} as const;

/**
 * Checks a state that comes from a file or a database.
 *
 * @throws TypeError when it is not one.
 * @throws StorageError `InvalidArgument` when it belongs to another place.
 */
export function assertState(store: Store, key: string, state: unknown): asserts state is ResumableState {
  const { source, ...fields } = Object(state) as Partial<ResumableState>;
  const isShaped = Object.entries(SHAPE).every(
    ([name, type]) => typeof fields[name as keyof typeof SHAPE] === type,
  );
  const { size, modifiedMs } = Object(source) as Partial<SourceFacts>;
  if (!isShaped || fields.version !== 1 || typeof size !== "number" || typeof modifiedMs !== "number") {
    throw new TypeError("state is what onState was given, or the same after JSON");
  }
  if (fields.bucket === store.bucket && fields.key === key) return;
  const reason = `the state belongs to ${JSON.stringify(fields.key)} in the bucket ${JSON.stringify(fields.bucket)}`;
  throw new StorageError("InvalidArgument", reason, { operation: "put", provider: store.name, key });
}

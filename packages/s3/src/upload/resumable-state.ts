import { StorageError } from "@stowage/core/provider";
import { stat } from "node:fs/promises";
import type { Store } from "../store.js";

/** The state that is needed to continue an interrupted upload. It is plain JSON and contains no secret. */
export interface ResumableState {
  readonly version: 1;
  readonly bucket: string;
  /** The key in the bucket, with the prefix of the provider. */
  readonly key: string;
  readonly uploadId: string;
  /** The write id that is stored with the object. A finished upload is recognised by this id. */
  readonly writeId: string;
  /** The size of the parts, in bytes. */
  readonly partSizeBytes: number;
  readonly source: SourceFacts;
}

/** The facts that show that a file is unchanged. */
export interface SourceFacts {
  /** The size of the file, in bytes. */
  readonly size: number;
  /** The time at which the file was last written, in milliseconds since 1970. */
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

/** @throws StorageError `SourceError` if the file has changed. */
export function assertSame(
  { name: provider }: Store,
  key: string,
  before: SourceFacts,
  now: SourceFacts,
): void {
  if (before.size === now.size && before.modifiedMs === now.modifiedMs) return;
  const reason =
    before.size === now.size
      ? "the file was changed after the upload began: begin a new upload, without the state"
      : `the file had ${before.size} bytes when the upload began and has ${now.size} now: begin a new upload, without the state`;
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
 * @throws TypeError if the value is not a state.
 * @throws StorageError `InvalidArgument` if the state belongs to a different key or bucket.
 */
export function assertState(store: Store, key: string, state: unknown): asserts state is ResumableState {
  const { source, ...fields } = Object(state) as Partial<ResumableState>;
  const isShaped = Object.entries(SHAPE).every(
    ([name, type]) => typeof fields[name as keyof typeof SHAPE] === type,
  );
  const { size, modifiedMs } = Object(source) as Partial<SourceFacts>;
  if (!isShaped || fields.version !== 1 || typeof size !== "number" || typeof modifiedMs !== "number") {
    throw new TypeError("state must be a value that onState received, directly or through JSON");
  }
  if (fields.bucket === store.bucket && fields.key === key) return;
  const reason = `the state belongs to ${JSON.stringify(fields.key)} in the bucket ${JSON.stringify(fields.bucket)}`;
  throw new StorageError("InvalidArgument", reason, { operation: "put", provider: store.name, key });
}

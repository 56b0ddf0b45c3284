import type { FileHandle } from "node:fs/promises";
import type { PutOptions } from "@stowage/core/provider";
import type { ObjectFields, Conditions, WriteAnswer, PartAnswer } from "../server/client.js";
import type { Store } from "../store.js";
import type { Buffers } from "./parts.js";
import type { UploadProgress } from "./progress.js";

/** A write on its way: what all its requests share. */
export interface Write {
  readonly operation: "put" | "copy" | "multipart" | "signUpload";
  readonly key: string;
  readonly fields: ObjectFields;
  readonly conditions: Conditions;
  readonly options: Pick<PutOptions, "signal" | "onProgress" | "ifNoneMatch" | "tries" | "beforeCommit">;
}

/** What a write came to. */
export interface Sent {
  readonly answer: WriteAnswer;
  /** In bytes. */
  readonly size: number;
}

/** One body that is being sent. */
export interface Upload {
  readonly store: Store;
  write: Write;
  /** Aborted by the caller, and by the first failure: every request and the source end with it. */
  readonly stop: AbortController;
  readonly buffers: Buffers;
  readonly partSizeBytes: number;
  readonly total: number | undefined;
  readonly progress: UploadProgress;
  readonly running: Set<Promise<void>>;
  /** What is known of the parts, in their order. */
  readonly parts: PartAnswer[];
  /** Present when the body goes in parts. */
  uploadId: string | undefined;
  /** The body, when it is a file that is read in parts. */
  file: Promise<FileHandle> | undefined;
  /** Bytes that have arrived: all of the body when its parts are finished. */
  loaded: number;
  /** Whether a part may still land although its request has ended. */
  isCutOff: boolean;
  /** Whether the parts are left on the server when it fails, for later. */
  keeps: boolean;
}

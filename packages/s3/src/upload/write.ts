import type { FileHandle } from "node:fs/promises";
import type { PutOptions } from "@stowage/core/provider";
import type { ObjectFields, Conditions, WriteAnswer, PartAnswer } from "../server/client.js";
import type { Store } from "../store.js";
import type { Buffers } from "./parts.js";
import type { UploadProgress } from "./progress.js";

/** A write that is under way, with everything that its requests share. */
export interface Write {
  readonly operation: "put" | "copy" | "multipart" | "signUpload";
  readonly key: string;
  readonly fields: ObjectFields;
  readonly conditions: Conditions;
  readonly options: Pick<PutOptions, "signal" | "onProgress" | "ifNoneMatch" | "tries" | "beforeCommit">;
}

/** The result of a write. */
export interface Sent {
  readonly answer: WriteAnswer;
  /** The size of the body, in bytes. */
  readonly size: number;
}

/** One body that is being sent. */
export interface Upload {
  readonly store: Store;
  write: Write;
  /**
   * The controller that ends all requests and the source. The caller's signal or the first failure aborts this
   * controller.
   */
  readonly stop: AbortController;
  readonly buffers: Buffers;
  readonly partSizeBytes: number;
  readonly total: number | undefined;
  readonly progress: UploadProgress;
  readonly running: Set<Promise<void>>;
  /** The answers for the parts, in the order of the parts. */
  readonly parts: PartAnswer[];
  /** The id of the upload. Present if the body is sent in parts. */
  uploadId: string | undefined;
  /** The body, if it is a file that is read in parts. */
  file: Promise<FileHandle> | undefined;
  /** The number of bytes that have arrived. When all parts have arrived, this number is the size of the body. */
  loaded: number;
  /** True if a request has ended but its part may still arrive. */
  isCutOff: boolean;
  /** True if the parts are left on the server after a failure, so that the upload can be continued later. */
  keeps: boolean;
}

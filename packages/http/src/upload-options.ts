import type { Metadata, ObjectInfo } from "@stowage/core";
import { aFunction, knownNames, wholeNumber, type OptionNames } from "@stowage/core/provider";
import type { Authorize } from "./access.js";
import { checkBasePath } from "./wire/base-path.js";
import type { HttpRequest } from "./wire/http-request.js";
import { checkType } from "./receive/receive-options.js";
import { checkKeys, type SigningKeys } from "./links/signatures.js";

/** A file that a browser wants to upload. All its facts are the client's own word. */
export interface WantedFile {
  readonly fileName: string;
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The options of {@link createUploadHandler}. */
export interface UploadHandlerOptions {
  /** Decides who may upload. It is asked with action `"put"` and the key that `key` has chosen, for each request. */
  readonly authorize: Authorize;
  /**
   * Chooses the key of a new upload, such as by `keyTemplate`. It may throw to refuse the file, such as an `HttpError`.
   */
  readonly key: (file: WantedFile, request: HttpRequest) => string | Promise<string>;
  /** The most bytes of one file. */
  readonly maxBytes: number;
  /** The keys that bind an upload in parts to its key and its caller. They may be the keys of `signed`. */
  readonly keys: SigningKeys;
  /**
   * The path before the routes, as the request has it when it arrives here: `companionEndpoint` of Uppy.
   *
   * @default "/"
   */
  readonly basePath?: string | undefined;
  /**
   * The media types that are allowed, such as `"video/mp4"` or `"image/*"`, as the client declares them.
   *
   * @default every type
   */
  readonly types?: readonly string[] | undefined;
  /**
   * Returns a text that the application knows its user by. A user cannot go on with the upload of a different user.
   *
   * @default all callers count as one
   */
  readonly caller?: ((request: HttpRequest) => string | Promise<string>) | undefined;
  /**
   * Returns the metadata to store.
   *
   * @default none: the metadata of the client is dropped
   */
  readonly metadata?: ((file: WantedFile) => Metadata) | undefined;
  /**
   * Accepts an upload in parts that has become an object, before the client is answered. When it throws, the object is removed and the error is the
   * answer.
   *
   * @default none
   */
  readonly onUploaded?: ((info: ObjectInfo, request: HttpRequest) => void | Promise<void>) | undefined;
  /**
   * Receives each error that became a status of 500 or above. Errors that it throws are dropped.
   *
   * @default none
   */
  readonly onError?: ((error: unknown) => void) | undefined;
}

const NAMES: OptionNames<UploadHandlerOptions> = {
  authorize: true,
  key: true,
  maxBytes: true,
  keys: true,
  basePath: true,
  types: true,
  caller: true,
  metadata: true,
  onUploaded: true,
  onError: true,
};

/**
 * Checks the options of {@link createUploadHandler}.
 *
 * @throws TypeError for options that are wrong.
 */
export function checkUploads(caller: string, options: UploadHandlerOptions): void {
  knownNames(caller, options, NAMES);
  aFunction(caller, "authorize", options.authorize);
  aFunction(caller, "key", options.key);
  wholeNumber(caller, "maxBytes", options.maxBytes, { least: 1 });
  checkKeys(caller, options.keys);
  checkBasePath(caller, options.basePath);
  for (const type of options.types ?? []) checkType(caller, type);
  for (const name of ["caller", "metadata", "onUploaded"] as const) {
    if (options[name] !== undefined) aFunction(caller, name, options[name]);
  }
}

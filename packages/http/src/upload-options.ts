import type { Metadata, ObjectInfo } from "@stowage/core";
import { aFunction, knownNames, wholeNumber, type OptionNames } from "@stowage/core/provider";
import type { Authorize } from "./access.js";
import { checkBasePath } from "./wire/base-path.js";
import type { HttpRequest } from "./wire/http-request.js";
import { checkType } from "./receive/receive-options.js";
import { checkKeys, type SigningKeys } from "./links/signatures.js";

/** A file that a browser wants to upload. All facts about the file come from the client and are not checked. */
export interface WantedFile {
  readonly fileName: string;
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The options of {@link createUploadHandler}. */
export interface UploadHandlerOptions {
  /**
   * Decides who may upload. The function is called for each request, with the action `"put"` and the key that `key` has chosen.
   */
  readonly authorize: Authorize;
  /**
   * Chooses the key for a new upload, for example with `keyTemplate`. To refuse the file, the function can throw an error, such as an `HttpError`.
   */
  readonly key: (file: WantedFile, request: HttpRequest) => string | Promise<string>;
  /** The maximum size of one file, in bytes. */
  readonly maxBytes: number;
  /**
   * The signing keys that bind an upload in parts to its key and its caller. The keys of `signed` may be used here too.
   */
  readonly keys: SigningKeys;
  /**
   * The path prefix of all routes, as it appears in the request that the handler receives. In Uppy, set `companionEndpoint` to
   * this path.
   *
   * @default "/"
   */
  readonly basePath?: string | undefined;
  /**
   * The media types that are allowed, such as `"video/mp4"` or `"image/*"`. The type that the client declares is checked.
   *
   * @default every type
   */
  readonly types?: readonly string[] | undefined;
  /**
   * Returns a text that identifies the user in the application. One user cannot continue the upload of a different user.
   *
   * @default all callers count as one user
   */
  readonly caller?: ((request: HttpRequest) => string | Promise<string>) | undefined;
  /**
   * Returns the metadata to store.
   *
   * @default none: the client's metadata is not stored
   */
  readonly metadata?: ((file: WantedFile) => Metadata) | undefined;
  /**
   * A function that receives each object that was uploaded in parts. It is called before the client gets its answer. If the function
   * throws, the object is removed and the error is sent as the answer.
   *
   * @default none
   */
  readonly onUploaded?: ((info: ObjectInfo, request: HttpRequest) => void | Promise<void>) | undefined;
  /**
   * Receives each error that led to a status of 500 or above. Errors that the function itself throws are ignored.
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

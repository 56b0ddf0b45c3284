import type { Progress } from "@stowage/core";
import { aFunction, knownNames, oneOf, wholeNumber, type OptionNames } from "@stowage/core/provider";
import { checkLimits, type ReceiveLimits } from "./receive-options.js";

/** A file of a form, by what its headers say. */
export interface FormFile {
  /** The name of the field. */
  readonly field: string;
  /** The name that the client has for the file, as its user wrote it and without folders. For people: a key is better made by `keyTemplate`. */
  readonly fileName: string;
  /** The type that the client declares. */
  readonly contentType: string;
}

/** The options of {@link receiveForm}. */
export interface ReceiveFormOptions extends Omit<ReceiveLimits, "onProgress"> {
  /**
   * Called with the bytes of a file that have been taken so far.
   *
   * @default none
   */
  readonly onProgress?: ((progress: Progress, file: FormFile) => void) | undefined;
  /**
   * Returns the key of a file. It may throw to refuse the file, such as an `HttpError`.
   *
   * @param fields - The fields that came before the file.
   */
  readonly key: (file: FormFile, fields: ReadonlyMap<string, readonly string[]>) => string | Promise<string>;
  /**
   * The most files in one form.
   *
   * @default 10
   */
  readonly maxFiles?: number | undefined;
  /**
   * The most fields in one form, files not counted.
   *
   * @default 100
   */
  readonly maxFields?: number | undefined;
  /**
   * The most bytes of one field.
   *
   * @default 65,536
   */
  readonly maxFieldBytes?: number | undefined;
  /**
   * Stores the name of the file in `Content-Disposition`, so that browsers save the object under that name.
   *
   * @default false
   */
  readonly keepFileNames?: boolean | undefined;
}

const NAMES: OptionNames<ReceiveFormOptions> = {
  maxBytes: true,
  types: true,
  cacheControl: true,
  metadata: true,
  onProgress: true,
  key: true,
  maxFiles: true,
  maxFields: true,
  maxFieldBytes: true,
  keepFileNames: true,
  idleMs: true,
};

/** @throws TypeError for options that are wrong. */
export function checkForm(caller: string, options: ReceiveFormOptions): void {
  knownNames(caller, options, NAMES);
  checkLimits(caller, options);
  aFunction(caller, "key", options.key);
  oneOf(caller, "keepFileNames", options.keepFileNames, [undefined, true, false]);
  wholeNumber(caller, "maxFiles", options.maxFiles ?? 1);
  wholeNumber(caller, "maxFields", options.maxFields ?? 1);
  wholeNumber(caller, "maxFieldBytes", options.maxFieldBytes ?? 1);
}

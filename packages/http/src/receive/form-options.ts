import type { Progress } from "@stowage/core";
import { aFunction, knownNames, oneOf, wholeNumber, type OptionNames } from "@stowage/core/provider";
import { checkLimits, type ReceiveLimits } from "./receive-options.js";

/** The facts about a file of a form, as its headers and its first bytes tell them. */
export interface FormFile {
  /** The name of the field. */
  readonly field: string;
  /** The name that the client has for the file, as its user wrote it and without folders. Show it to people. For a key, `keyTemplate` is better. */
  readonly fileName: string;
  /** The type that the first bytes show, when `types` has them looked at. Otherwise the type that the client declares. */
  readonly contentType: string;
  /**
   * The extension for a key: lower case and without its dot, such as `"mp4"`. It is that of `contentType` where the first bytes show the type, or
   * else that of the file name. Empty when there is none.
   */
  readonly extension: string;
}

/** The limits of the files in one field of a form. */
export interface FieldLimits {
  /**
   * The most bytes of one file.
   *
   * @default `maxBytes` of the form
   */
  readonly maxBytes?: number | undefined;
  /**
   * The media types that are allowed.
   *
   * @default `types` of the form
   */
  readonly types?: readonly string[] | undefined;
  /**
   * Refuses a form without a file in this field.
   *
   * @default false
   */
  readonly required?: boolean | undefined;
}

/** The options of {@link receiveForm}. */
export interface ReceiveFormOptions extends Omit<ReceiveLimits, "onProgress"> {
  /**
   * Receives the number of bytes of a file that have been taken so far.
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
   * The fields that may have files, by their names, with limits of their own. A file in any other field is refused.
   *
   * @default every field, with the limits of the form
   */
  readonly files?: Readonly<Record<string, FieldLimits>> | undefined;
  /**
   * Allows an existing object to be replaced. Set it where each key is new by itself, such as one with a `randomUUID`: the store then needs no
   * create-only writes. When the form fails, its objects are removed, also those that have replaced others.
   *
   * @default false: a key that exists is refused with 409
   */
  readonly overwrite?: boolean | undefined;
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
  files: true,
  overwrite: true,
  maxFiles: true,
  maxFields: true,
  maxFieldBytes: true,
  keepFileNames: true,
  idleMs: true,
};

/**
 * Checks the options of {@link receiveForm}.
 *
 * @throws TypeError for options that are wrong.
 */
export function checkForm(caller: string, options: ReceiveFormOptions): void {
  knownNames(caller, options, NAMES);
  checkLimits(caller, options);
  aFunction(caller, "key", options.key);
  oneOf(caller, "keepFileNames", options.keepFileNames, [undefined, true, false]);
  oneOf(caller, "overwrite", options.overwrite, [undefined, true, false]);
  for (const [field, limits] of Object.entries(options.files ?? {}))
    checkField(`${caller}: files.${field}`, limits);
  wholeNumber(caller, "maxFiles", options.maxFiles ?? 1);
  wholeNumber(caller, "maxFields", options.maxFields ?? 1);
  wholeNumber(caller, "maxFieldBytes", options.maxFieldBytes ?? 1);
}

const FIELD_NAMES: OptionNames<FieldLimits> = { maxBytes: true, types: true, required: true };

function checkField(caller: string, limits: FieldLimits): void {
  knownNames(caller, limits, FIELD_NAMES);
  checkLimits(caller, { maxBytes: limits.maxBytes ?? 1, types: limits.types });
  oneOf(caller, "required", limits.required, [undefined, true, false]);
}

/** Returns the limits of a field. Returns `undefined` for a field that may have no file. */
export function limitsOf(options: ReceiveFormOptions, field: string): FieldLimits | undefined {
  if (options.files === undefined) return {};
  return Object.hasOwn(options.files, field) ? options.files[field] : undefined;
}

/** Returns the names of fields that must have a file. */
export function requiredFields({ files = {} }: ReceiveFormOptions): readonly string[] {
  return Object.entries(files).flatMap(([field, { required }]) => (required === true ? [field] : []));
}

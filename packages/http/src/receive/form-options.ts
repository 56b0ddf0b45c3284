import type { Progress } from "@stowage/core";
import { aFunction, knownNames, oneOf, wholeNumber, type OptionNames } from "@stowage/core/provider";
import { checkLimits, type ReceiveLimits } from "./receive-options.js";

/** The facts about a file in a form, taken from its headers and its first bytes. */
export interface FormFile {
  /** The name of the field. */
  readonly field: string;
  /**
   * The name that the user gave the file, without folders. Use this name to show the file to people. To make a key, use
   * `keyTemplate` instead.
   */
  readonly fileName: string;
  /**
   * The media type. If `types` is set, this is the type that the first bytes show. Otherwise this is the type that the
   * client declares.
   */
  readonly contentType: string;
  /**
   * The extension for a key, in lower case and without a dot, such as `"mp4"`. If the first bytes show the type, the
   * extension belongs to `contentType`. Otherwise the extension comes from the file name. The text is empty if there is
   * no extension.
   */
  readonly extension: string;
}

/** The limits of the files in one field of a form. */
export interface FieldLimits {
  /**
   * The maximum size of one file, in bytes.
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
   * Receives the number of bytes of a file that have been read so far.
   *
   * @default none
   */
  readonly onProgress?: ((progress: Progress, file: FormFile) => void) | undefined;
  /**
   * Returns the key for a file. To refuse the file, the function can throw an error, such as an `HttpError`.
   *
   * @param fields - The fields that came before the file in the form.
   */
  readonly key: (file: FormFile, fields: ReadonlyMap<string, readonly string[]>) => string | Promise<string>;
  /**
   * The fields that may contain files, by name. Each field has its own limits. A file in any other field is refused.
   *
   * @default every field, with the limits of the form
   */
  readonly files?: Readonly<Record<string, FieldLimits>> | undefined;
  /**
   * Allows an existing object to be replaced. Also set this option if every key is unique, for example because it contains a
   * `randomUUID`. The store then needs no create-only writes. If the form fails, its objects are removed, even if they have
   * replaced older objects.
   *
   * @default false: a key that exists is refused with 409
   */
  readonly overwrite?: boolean | undefined;
  /**
   * The maximum number of files in one form.
   *
   * @default 10
   */
  readonly maxFiles?: number | undefined;
  /**
   * The maximum number of fields in one form, not counting files.
   *
   * @default 100
   */
  readonly maxFields?: number | undefined;
  /**
   * The maximum size of one field, in bytes.
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

/** Returns the limits of a field, or `undefined` for a field that may not contain files. */
export function limitsOf(options: ReceiveFormOptions, field: string): FieldLimits | undefined {
  if (options.files === undefined) return {};
  return Object.hasOwn(options.files, field) ? options.files[field] : undefined;
}

/** Returns the names of fields that must contain a file. */
export function requiredFields({ files = {} }: ReceiveFormOptions): readonly string[] {
  return Object.entries(files).flatMap(([field, { required }]) => (required === true ? [field] : []));
}

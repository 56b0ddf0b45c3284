import type { FormFile } from "./form-options.js";

const files = new WeakMap<object, FormFile>();

/** Remembers the file of a form that an error is about. */
export function noteFile(error: unknown, file: FormFile): void {
  if (typeof error === "object" && error !== null) files.set(error, file);
}

/**
 * Returns the file of a form that an error of `receiveForm` is about, or `undefined` when it is about the whole form.
 *
 * @example
 * ```ts
 * const name = failedFile(error)?.fileName ?? "The form";
 * ```
 */
export function failedFile(error: unknown): FormFile | undefined {
  return typeof error === "object" && error !== null ? files.get(error) : undefined;
}

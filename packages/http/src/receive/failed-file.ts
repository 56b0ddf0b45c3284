import type { FormFile } from "./form-options.js";

const files = new WeakMap<object, FormFile>();

/** Remembers which file of a form has caused an error. */
export function noteFile(error: unknown, file: FormFile): void {
  if (typeof error === "object" && error !== null) files.set(error, file);
}

/**
 * Returns the file that has caused an error of `receiveForm`, or `undefined` if the error is about the whole form.
 *
 * @example
 * ```ts
 * const name = failedFile(error)?.fileName ?? "The form";
 * ```
 */
export function failedFile(error: unknown): FormFile | undefined {
  return typeof error === "object" && error !== null ? files.get(error) : undefined;
}

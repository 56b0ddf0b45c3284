import { nonEmptyText } from "@stowage/core/provider";
import { keyOfPath } from "./target.js";

/**
 * Checks the base path of a handler.
 *
 * @throws TypeError unless the path is `"/"`, or begins with a slash and ends without one.
 */
export function checkBasePath(caller: string, basePath: string | undefined): void {
  if (basePath === undefined || basePath === "/") return;
  nonEmptyText(caller, "basePath", basePath, 'a path such as "/files"');
  if (keyOfPath(basePath) !== undefined && decodeURIComponent(basePath) === basePath) return;
  throw new TypeError(
    `${caller}: basePath must be a path such as "/files", with a leading slash, no trailing slash and no percent-encoding, not "${basePath}"`,
  );
}

import { knownNames, nonEmptyText, oneOf, wholeNumber, type OptionNames } from "@stowage/core/provider";

/** The options of {@link serve} and {@link serveNode}. */
export interface ServeOptions {
  /**
   * The way the bytes go: `"stream"` sends them through this process. `"redirect"` sends the client to a signed link of the store.
   * `"auto"` redirects when the store of the object has signed links, and streams otherwise. HEAD is always answered here.
   *
   * @default "stream"
   */
  readonly mode?: "stream" | "redirect" | "auto" | undefined;
  /**
   * The `Cache-Control` of objects that were stored without one. It limits redirects too.
   *
   * @default "private, no-cache": browsers ask each time, and most answers are 304
   */
  readonly cacheControl?: string | undefined;
  /**
   * Replaces the stored `Content-Disposition`, such as with `contentDisposition("attachment", "Report.pdf")`. Types that could run in
   * the browser stay attachments.
   *
   * @default none: the stored one
   */
  readonly contentDisposition?: string | undefined;
  /**
   * Has browsers save the object: `true` under its stored name, or a text as its name.
   *
   * @default false
   */
  readonly download?: boolean | string | undefined;
  /**
   * Further media types that a browser may show, each without its parameters. Do not name a script type when users can store objects: a page
   * of your origin could load such an object as a script.
   *
   * @default none: browsers show common images (never SVG), audio, video, fonts, PDF, JSON, CSS, CSV, subtitles, playlists and plain text
   */
  readonly inlineTypes?: readonly string[] | undefined;
  /**
   * The life of redirect links, in seconds. A redirect may be cached for half of that, unless the `Cache-Control` of the object is stricter.
   *
   * @default 3,600
   */
  readonly expiresInSeconds?: number | undefined;
  /**
   * Receives each error that became a status of 500 or above, or that cut off a body. The client does not see the error. Errors that it throws
   * are dropped.
   *
   * @default none
   */
  readonly onError?: ((error: unknown) => void) | undefined;
}

const NAMES: OptionNames<ServeOptions> = {
  mode: true,
  cacheControl: true,
  contentDisposition: true,
  download: true,
  inlineTypes: true,
  expiresInSeconds: true,
  onError: true,
};

/**
 * Checks the options of {@link serve} and {@link serveNode}.
 *
 * @throws TypeError for options that are wrong.
 */
export function checkServe(caller: string, options: ServeOptions): void {
  knownNames(caller, options, NAMES);
  const { download } = options;
  if (typeof download !== "string") oneOf(caller, "download", download, [undefined, true, false]);
  const { mode, cacheControl, contentDisposition, inlineTypes = [], expiresInSeconds = 1 } = options;
  oneOf(caller, "mode", mode, [undefined, "stream", "redirect", "auto"]);
  if (cacheControl !== undefined)
    nonEmptyText(caller, "cacheControl", cacheControl, "a Cache-Control header");
  if (contentDisposition !== undefined) {
    nonEmptyText(caller, "contentDisposition", contentDisposition, "a Content-Disposition header");
  }
  for (const type of inlineTypes) nonEmptyText(caller, "inlineTypes", type, "a list of media types");
  wholeNumber(caller, "expiresInSeconds", expiresInSeconds, { least: 1 });
}

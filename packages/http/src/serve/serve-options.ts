import { knownNames, nonEmptyText, oneOf, wholeNumber, type OptionNames } from "@stowage/core/provider";

/** The options of {@link serve} and {@link serveNode}. */
export interface ServeOptions {
  /**
   * The way in which the client gets the bytes. `"stream"` sends the bytes through this process. `"redirect"` sends the client to a signed
   * link of the store. `"auto"` redirects if the store of the object has signed links, and streams otherwise. A HEAD is never redirected.
   *
   * @default "stream"
   */
  readonly mode?: "stream" | "redirect" | "auto" | undefined;
  /**
   * The `Cache-Control` for objects that were stored without a `Cache-Control`. This value also limits how long a
   * redirect is cached.
   *
   * @default "private, no-cache": browsers ask each time, and most answers are 304
   */
  readonly cacheControl?: string | undefined;
  /**
   * Replaces the stored `Content-Disposition`, for example with `contentDisposition("attachment", "Report.pdf")`. An
   * object whose type a browser could run stays an attachment.
   *
   * @default none: the stored one
   */
  readonly contentDisposition?: string | undefined;
  /**
   * Makes browsers save the object instead of showing it. With `true`, browsers use the stored name. With a text, browsers use
   * the text as the name.
   *
   * @default false
   */
  readonly download?: boolean | string | undefined;
  /**
   * Further media types that a browser may show, each without its parameters. Do not list a script type if users can store
   * objects: a page of your origin could then load a user's object as a script.
   *
   * @default none: browsers show common images (never SVG), audio, video, fonts, PDF, JSON, CSS, CSV, subtitles, playlists and plain text
   */
  readonly inlineTypes?: readonly string[] | undefined;
  /**
   * The lifetime of the links in redirects, in seconds. A redirect may be cached for half of this time, unless the `Cache-Control` of the
   * object is stricter.
   *
   * @default 3,600
   */
  readonly expiresInSeconds?: number | undefined;
  /**
   * Receives each error that led to a status of 500 or above, or that cut off a body. The client does not see the error. Errors
   * that the function itself throws are ignored.
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

import type { PutOptions } from "@stowage/core/provider";
import { mutant, storageMutant, type Mutant } from "../mutant.js";
import { facadePut, infos, putOptions } from "./breaks.js";

type HeaderName = "contentType" | "cacheControl" | "contentDisposition";

function loses(header: HeaderName): Mutant {
  return mutant(
    `${header} comes back from put, head and get`,
    `put forgets ${header}`,
    putOptions((options) => ({
      ...options,
      [header]: options[header] === undefined || !KEPT.has(options[header]) ? options[header] : undefined,
    })),
  );
}

/** The values in the rules about stored headers. A mutant forgets only these values, so that it breaks no other rule. */
const KEPT: ReadonlySet<string> = new Set([
  'text/x-thing; charset="utf-8"',
  "public, max-age=31536000, immutable",
  "attachment; filename=\"a b.pdf\"; filename*=UTF-8''na%C3%AFve.pdf",
]);

function guesses(extension: string, type: string, wrong: string): Mutant {
  return mutant(
    `the content type of ${extension} is ${type}`,
    `takes ${extension} for ${wrong}`,
    putOptions((options, key) =>
      options.contentType === undefined && key.endsWith(extension)
        ? { ...options, contentType: wrong }
        : options,
    ),
  );
}

/** Makes a mutant with a facade that corrects a header instead of refusing it. */
function cleansHeader(rule: string, name: string, clean: (options: PutOptions) => PutOptions): Mutant {
  return storageMutant(
    rule,
    name,
    facadePut((key, body, options = {}) => [key, body, { ...options, ...clean(options) }]),
  );
}

export const headerMutants: readonly Mutant[] = [
  loses("contentType"),
  ...(["contentEncoding", "contentLanguage"] as const).map((header) =>
    mutant(
      `${header} comes back from put, head, get and a copy, or is refused with Unsupported`,
      `forgets ${header}`,
      putOptions((options) => ({ ...options, [header]: undefined })),
    ),
  ),
  loses("cacheControl"),
  loses("contentDisposition"),
  mutant(
    "headers that the put did not set are absent",
    "returns empty headers",
    infos((info, verb) => (verb === "get" ? { ...info, cacheControl: info.cacheControl ?? "" } : info)),
  ),
  guesses(".mp4", "video/mp4", "application/mp4"),
  guesses(".ts", "video/mp2t", "text/x-typescript"),
  guesses(".m3u8", "application/vnd.apple.mpegurl", "audio/x-mpegurl"),
  guesses(".mov", "video/quicktime", "video/mov"),
  guesses(".JPG", "image/jpeg", "application/octet-stream"),
  guesses(".unknown-extension", "application/octet-stream", "text/plain"),
  mutant(
    "a key without an extension has the content type application/octet-stream",
    "treats keys without an extension as text",
    putOptions((options, key) =>
      /\/\.?[^./]+$/.test(key) ? { ...options, contentType: options.contentType ?? "text/plain" } : options,
    ),
  ),
  mutant(
    "the caller's content type wins over the extension",
    "prefers the extension to the caller's content type",
    putOptions((options, key) =>
      options.contentType === "application/x-own" && key.endsWith(".mp4")
        ? { ...options, contentType: "video/mp4" }
        : options,
    ),
  ),
  cleansHeader(
    "a header with a line break or a non-ASCII character is refused with InvalidArgument, and nothing is written",
    "cleans headers",
    ({ cacheControl }) => ({
      cacheControl: cacheControl?.replaceAll(/[^\x21-\x7e]/g, "") || undefined,
    }),
  ),
  cleansHeader(
    "a content type that is not a media type is refused with InvalidArgument",
    "drops an invalid content type",
    ({ contentType }) => ({
      contentType: contentType !== undefined && /^[^/]+\/[^/]+$/.test(contentType) ? contentType : undefined,
    }),
  ),
];

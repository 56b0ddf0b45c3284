import { type Operation, StorageError, type Metadata, type ObjectHeaders } from "@stowage/core/provider";

/** What is stored beside the bytes. */
export interface Facts extends ObjectHeaders {
  readonly metadata?: Metadata | undefined;
  readonly writeId?: string | undefined;
}

/**
 * Checks that Cloudinary can send an object as its headers say: its CDN codes answers as it likes, and says no language.
 *
 * @throws StorageError `Unsupported`, so that a chain goes on to its next member.
 */
export function assertSendable(
  { name: provider }: { readonly name: string },
  key: string,
  operation: Operation,
  { contentEncoding, contentLanguage }: ObjectHeaders,
): void {
  if (contentEncoding === undefined && contentLanguage === undefined) return;
  const header = contentEncoding === undefined ? "Content-Language" : "Content-Encoding";
  throw new StorageError("Unsupported", `Cloudinary sends no ${header} of your own`, {
    operation,
    provider,
    key,
  });
}

/** The names of an asset's contextual metadata under which facts are: `stowage0`, `stowage1`, … */
const NAME = "stowage";

/** A value is cut at this length: the limit of one is not documented, 255 is what ids may have. */
const VALUE_LENGTH_MAX = 250;

/**
 * An object's facts as contextual metadata. All of them are one text in pieces: a context of which pieces of an older
 * one are left, as accounts may keep them, still says what was written last.
 *
 * @param uploadId - Of this one upload, so that it is known again.
 * @see https://cloudinary.com/documentation/contextual_metadata
 */
export function toContext(facts: Facts, uploadId?: string): string {
  const params = new URLSearchParams(entriesOf(facts));
  if (uploadId !== undefined) params.set("upload", uploadId);
  const text = params.toString();
  const pieces: string[] = [];
  for (let at = 0; at === 0 || at < text.length; at += VALUE_LENGTH_MAX) {
    pieces.push(text.slice(at, at + VALUE_LENGTH_MAX));
  }
  const [first = "", ...rest] = pieces;
  // Neither of the two characters that mean something in a context is in an encoded text but `=`.
  const values = [`${pieces.length}:${first}`, ...rest].map((value) => value.replaceAll("=", "\\="));
  return values.map((value, index) => `${NAME}${index}=${value}`).join("|");
}

function entriesOf({
  contentType,
  cacheControl,
  contentDisposition,
  metadata,
  writeId,
}: Facts): [string, string][] {
  const headers: [string, string | undefined][] = [
    ["type", contentType],
    ["cache", cacheControl],
    ["disposition", contentDisposition],
    ["write", writeId],
  ];
  const own = Object.entries(metadata ?? {}).map(([name, value]): [string, string] => [`m.${name}`, value]);
  return [...headers.filter((entry): entry is [string, string] => entry[1] !== undefined), ...own];
}

type Context = Readonly<Record<string, string>> | undefined;

/** The facts in the contextual metadata of an answer. Assets of others have none. */
export function fromContext(context: Context): Facts {
  const params = paramsIn(context);
  if (params === undefined) return {};
  const metadata = [...params]
    .filter(([name]) => name.startsWith("m."))
    .map(([name, value]) => [name.slice(2), value] as const);
  return {
    contentType: params.get("type") ?? undefined,
    cacheControl: params.get("cache") ?? undefined,
    contentDisposition: params.get("disposition") ?? undefined,
    writeId: params.get("write") ?? undefined,
    metadata: metadata.length === 0 ? undefined : Object.fromEntries(metadata),
  };
}

/** Which upload made the asset. */
export function uploadIdIn(context: Context): string | undefined {
  return paramsIn(context)?.get("upload") ?? undefined;
}

function paramsIn(context: Context): URLSearchParams | undefined {
  const [, count, first] = /^(\d+):(.*)$/s.exec(context?.[`${NAME}0`] ?? "") ?? [];
  if (count === undefined || first === undefined) return undefined;
  let text = first;
  for (let index = 1; index < Number(count); index++) text += context?.[`${NAME}${index}`] ?? "";
  return new URLSearchParams(text);
}

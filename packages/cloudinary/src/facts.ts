import { type Operation, StorageError, type Metadata, type ObjectHeaders } from "@stowage/core/provider";

/** The headers, the metadata and the write id that are stored beside the bytes. */
export interface Facts extends ObjectHeaders {
  readonly metadata?: Metadata | undefined;
  readonly writeId?: string | undefined;
}

/**
 * Checks that Cloudinary can send an object with the given headers. Cloudinary's CDN chooses the content encoding of
 * answers itself, and does not send a content language.
 *
 * @throws StorageError `Unsupported`, so that a chain moves on to its next member.
 */
export function assertSendable(
  { name: provider }: { readonly name: string },
  key: string,
  operation: Operation,
  { contentEncoding, contentLanguage }: ObjectHeaders,
): void {
  if (contentEncoding === undefined && contentLanguage === undefined) return;
  const header = contentEncoding === undefined ? "Content-Language" : "Content-Encoding";
  throw new StorageError("Unsupported", `Cloudinary does not send a ${header} of your choice`, {
    operation,
    provider,
    key,
  });
}

/** The prefix of the names under which an asset's contextual metadata holds the facts: `stowage0`, `stowage1`, … */
const NAME = "stowage";

/** The length at which a value is cut, in characters. The limit of a value is not documented; the limit of a public id is 255. */
const VALUE_LENGTH_MAX = 250;

/**
 * Returns an object's facts as contextual metadata. All facts form one text, which is cut into pieces. The first piece begins
 * with the number of pieces. Cloudinary may keep further pieces of an older, longer text. The number shows which pieces belong
 * to the last write.
 *
 * @param uploadId - The id of this upload. The upload is later recognised by this id.
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
  // In a context, `=` and `|` have a special meaning. An encoded text never contains `|`, so only `=` is escaped here.
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

/**
 * Returns the facts in the contextual metadata of an answer. Assets that were stored by other programs have no such
 * facts.
 */
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

/** Returns the id of the upload that made the asset. */
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

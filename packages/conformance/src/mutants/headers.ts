import type { Metadata, ObjectInfo, PutOptions } from "@stowage/core";
import { mutant, storageMutant, type Break, type Mutant } from "../mutant.js";
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

/** The values of the rules about the headers themselves, so that no other rule is hit. */
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

/** A facade that repairs a header instead of refusing it. */
function cleansHeader(rule: string, name: string, clean: (options: PutOptions) => PutOptions): Mutant {
  return storageMutant(
    rule,
    name,
    facadePut((key, body, options = {}) => [key, body, { ...options, ...clean(options) }]),
  );
}

export const headerMutants: readonly Mutant[] = [
  loses("contentType"),
  loses("cacheControl"),
  loses("contentDisposition"),
  mutant(
    "headers that were not given are absent",
    "gives empty headers",
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
    "takes keys without an extension for text",
    putOptions((options, key) =>
      /\/\.?[^./]+$/.test(key) ? { ...options, contentType: options.contentType ?? "text/plain" } : options,
    ),
  ),
  mutant(
    "a given content type wins over the extension",
    "believes the extension more than the caller",
    putOptions((options, key) =>
      options.contentType === "application/x-own" && key.endsWith(".mp4")
        ? { ...options, contentType: "video/mp4" }
        : options,
    ),
  ),
  cleansHeader(
    "a header with a line break or non-ASCII is refused with InvalidArgument, and nothing is written",
    "cleans headers",
    ({ cacheControl }) => ({
      cacheControl: cacheControl?.replaceAll(/[^\x21-\x7e]/g, "") || undefined,
    }),
  ),
  cleansHeader(
    "a content type that is no media type is refused with InvalidArgument",
    "drops a content type that is none",
    ({ contentType }) => ({
      contentType: contentType !== undefined && /^[^/]+\/[^/]+$/.test(contentType) ? contentType : undefined,
    }),
  ),
];

/** Changes metadata on its way in. */
function stores(change: (metadata: Metadata) => Metadata): Break {
  return putOptions((options) =>
    options.metadata === undefined ? options : { ...options, metadata: change(options.metadata) },
  );
}

function mapValues(metadata: Metadata, change: (value: string, name: string) => string): Metadata {
  return Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name, change(value, name)]));
}

function renamed(metadata: Metadata): Metadata {
  return Object.fromEntries(
    Object.entries(metadata).map(([name, value]) => [name.replaceAll("-", "_"), value]),
  );
}

function assigned(metadata: Metadata): Metadata {
  const copy: Record<string, string> = {};
  for (const [name, value] of Object.entries(metadata)) copy[name] = value;
  return copy;
}

function decoded(value: string): string {
  return value.replaceAll("%41", "A").replaceAll("%2F", "/");
}

/** A facade that repairs metadata instead of refusing it. */
function cleans(what: string, name: string, clean: (metadata: Metadata) => Metadata): Mutant {
  return storageMutant(
    `${what} is refused with InvalidArgument, and nothing is written`,
    name,
    facadePut((key, body, options = {}) => [
      key,
      body,
      isPlain(options.metadata) ? { ...options, metadata: clean(options.metadata) } : options,
    ]),
  );
}

function isPlain(metadata: unknown): metadata is Metadata {
  return (
    typeof metadata === "object" &&
    metadata !== null &&
    Object.values(metadata).every((value) => typeof value === "string") &&
    !Array.isArray(metadata)
  );
}

const withMetadata = (info: ObjectInfo): ObjectInfo =>
  info.metadata === undefined ? { ...info, metadata: { "x-empty": "true" } } : info;

export const metadataMutants: readonly Mutant[] = [
  mutant("metadata comes back from put, head and get", "makes underscores of hyphens", stores(renamed)),
  mutant(
    "metadata in Unicode comes back from put, head and get",
    "replaces what is not ASCII",
    stores((metadata) => mapValues(metadata, (value) => value.replaceAll(/[^ -~]/g, "?"))),
  ),
  mutant(
    "a metadata value that looks encoded comes back from put, head and get",
    "decodes metadata",
    stores((metadata) => mapValues(metadata, decoded)),
  ),
  mutant(
    "an empty metadata value comes back from put, head and get",
    "drops empty metadata",
    stores((metadata) => Object.fromEntries(Object.entries(metadata).filter(([, value]) => value !== ""))),
  ),
  mutant(
    "a metadata name of JavaScript's own comes back from put, head and get",
    "assigns metadata to an object",
    stores(assigned),
  ),
  mutant(
    "metadata of 2,048 bytes comes back from put, head and get",
    "cuts long metadata",
    stores((metadata) => mapValues(metadata, (value) => value.slice(0, 2000))),
  ),
  mutant(
    "an object without metadata has none",
    "adds metadata of its own",
    infos((info, verb) => (verb === "head" ? withMetadata(info) : info)),
  ),
  mutant(
    "metadata is kept for an object that was streamed",
    "forgets the metadata of streams",
    putOptions((options, _key, body) =>
      body.bytes === undefined ? { ...options, metadata: undefined } : options,
    ),
  ),
  cleans("a metadata value with a line break", "drops line breaks in metadata", (metadata) =>
    mapValues(metadata, (value) => value.replaceAll(/[\r\n]/g, "")),
  ),
  cleans("a metadata value with a space at its end", "trims metadata", (metadata) =>
    mapValues(metadata, (value) => value.trim()),
  ),
  cleans("a metadata value that is not well-formed", "repairs metadata", (metadata) =>
    mapValues(metadata, (value) => value.toWellFormed()),
  ),
  cleans("a metadata name in upper case or with a space", "repairs metadata names", (metadata) =>
    Object.fromEntries(
      Object.entries(metadata).map(([name, value]) => [name.toLowerCase().replaceAll(" ", "-"), value]),
    ),
  ),
  cleans("metadata of more than 2,048 bytes", "cuts metadata that is too long", (metadata) =>
    mapValues(metadata, (value) => value.slice(0, 2044)),
  ),
  storageMutant(
    "a metadata value that is not a string is a TypeError",
    "makes text of metadata",
    facadePut((key, body, options = {}) => [
      key,
      body,
      { ...options, metadata: options.metadata && mapValues({ ...options.metadata }, String) },
    ]),
  ),
];

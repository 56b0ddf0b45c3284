/** Headers that are stored with an object and come back when it is read. */
export interface ObjectHeaders {
  /** The media type, e.g. `"video/mp4"`. */
  readonly contentType?: string | undefined;
  /** RFC 9110, 8.4: how the bytes are coded, e.g. `"gzip"`. They are stored and come back as they were given. */
  readonly contentEncoding?: string | undefined;
  /** RFC 9110, 8.5: for whom it is written, e.g. `"de-AT"`. */
  readonly contentLanguage?: string | undefined;
  /** RFC 9111, e.g. `"public, max-age=31536000, immutable"`. */
  readonly cacheControl?: string | undefined;
  /** RFC 6266, e.g. `'attachment; filename="a.pdf"'`. */
  readonly contentDisposition?: string | undefined;
}

/** The name of each header that is stored with an object. */
export const HEADER_NAMES: readonly (keyof ObjectHeaders)[] = [
  "contentType",
  "contentEncoding",
  "contentLanguage",
  "cacheControl",
  "contentDisposition",
];

/** Picks the headers out of options or facts, all of them, so that a copy forgets none. */
export function headersOf({
  contentType,
  contentEncoding,
  contentLanguage,
  cacheControl,
  contentDisposition,
}: ObjectHeaders): { readonly [Name in keyof Required<ObjectHeaders>]: ObjectHeaders[Name] } {
  return { contentType, contentEncoding, contentLanguage, cacheControl, contentDisposition };
}

/**
 * The caller's own facts about an object. Names are lower-case RFC 9110 tokens; values are well-formed text
 * without control characters and without spaces at either end. All of it together is at most 2,048 bytes of
 * UTF-8, what S3 takes. A provider whose store carries only ASCII encodes the rest.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
 */
export type Metadata = Readonly<Record<string, string>>;

/** A digest of an object's bytes. */
export interface Checksum {
  readonly algorithm: "crc32" | "crc32c" | "crc64nvme" | "sha1" | "sha256" | "md5";
  /** Lower-case hexadecimal. */
  readonly value: string;
}

/** One copy of an object inside a composer that keeps several. */
export interface ObjectCopy {
  readonly provider: string;
  readonly ref: string;
  readonly state: "current" | "pending" | "failed" | "unknown";
}

/** What is known about an object without reading it. */
export interface ObjectInfo extends ObjectHeaders {
  readonly key: string;
  /** In bytes. */
  readonly size: number;
  /**
   * Opaque and strong: equal ETags of one provider mean the same bytes. Some stores make it of the bytes alone, so
   * that other facts need not change it. Never compare across providers.
   */
  readonly etag?: string | undefined;
  readonly lastModified?: Date | undefined;
  readonly metadata?: Metadata | undefined;
  readonly checksum?: Checksum | undefined;
  /** The provider's own version id, where the store keeps versions. */
  readonly version?: string | undefined;
  /** The name of the leaf provider that holds it. */
  readonly provider: string;
  /** Where it is, as a text to keep in a database; `StorageProvider.locate` reads it. */
  readonly ref: string;
  /** The id that `PutOptions.writeId` gave to the write that made it. */
  readonly writeId?: string | undefined;
  /** Each copy, where a composer keeps several. */
  readonly copies?: readonly ObjectCopy[] | undefined;
  /** After a put through a chain without a journal: members that may still hold an older copy. */
  readonly unconfirmed?: readonly string[] | undefined;
  /** After a read through a chain: an earlier member was down and may hold a newer copy. */
  readonly mayBeStale?: boolean | undefined;
}

/** A stretch of an object: from `offset`, `length` bytes or to the end; or the last `suffix` bytes. */
export type ByteRange =
  | { readonly offset: number; readonly length?: number | undefined }
  | { readonly suffix: number };

/** A resolved range: what part of how much. All in bytes. */
export interface ServedRange {
  readonly offset: number;
  readonly length: number;
  /** The size of the whole object. */
  readonly size: number;
}

/** Where a text points to, when it points into this provider. */
export interface Located {
  readonly key: string;
  /** The leaf provider's name. */
  readonly provider: string;
  readonly ref: string;
}

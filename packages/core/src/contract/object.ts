/** Headers that are stored with an object and come back when it is read. */
export interface ObjectHeaders {
  /** The media type, e.g. `"video/mp4"`. */
  readonly contentType?: string | undefined;
  /** The coding of the bytes (RFC 9110, 8.4), e.g. `"gzip"`. The bytes are stored and come back as they were given. */
  readonly contentEncoding?: string | undefined;
  /** The language of the audience (RFC 9110, 8.5), e.g. `"de-AT"`. */
  readonly contentLanguage?: string | undefined;
  /** The caching rules (RFC 9111), e.g. `"public, max-age=31536000, immutable"`. */
  readonly cacheControl?: string | undefined;
  /** The way in which a browser shows or saves the object (RFC 6266), e.g. `'attachment; filename="a.pdf"'`. */
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

/** Picks all headers out of options or facts. A copy that uses this function cannot forget one. */
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
 * The caller's own facts about an object. Names are lower-case RFC 9110 tokens; values are well-formed text without control
 * characters and without spaces at either end. All of it together is at most 2,048 bytes of UTF-8, the limit of S3. A provider
 * whose store carries only ASCII encodes other characters.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
 */
export type Metadata = Readonly<Record<string, string>>;

/** A digest of an object's bytes. */
export interface Checksum {
  readonly algorithm: "crc32" | "crc32c" | "crc64nvme" | "sha1" | "sha256" | "md5";
  /** The digest in lower-case hexadecimal. */
  readonly value: string;
}

/** One copy of an object inside a composer that keeps several. */
export interface ObjectCopy {
  readonly provider: string;
  readonly ref: string;
  readonly state: "current" | "pending" | "failed" | "unknown";
}

/** The facts of an object, which are known without reading it. */
export interface ObjectInfo extends ObjectHeaders {
  readonly key: string;
  /** The size in bytes. */
  readonly size: number;
  /**
   * The ETag, opaque and strong: equal ETags of one provider mean the same bytes. Some stores make it of the bytes alone, so that
   * a change of other facts need not change it. ETags of different providers must never be compared.
   */
  readonly etag?: string | undefined;
  readonly lastModified?: Date | undefined;
  readonly metadata?: Metadata | undefined;
  readonly checksum?: Checksum | undefined;
  /** The provider's own version id, where the store keeps versions. */
  readonly version?: string | undefined;
  /** The name of the leaf that holds the object. */
  readonly provider: string;
  /** The place of the object, as a text to keep in a database. `StorageProvider.locate` reads it. */
  readonly ref: string;
  /** The id that `PutOptions.writeId` gave to the write that made the object. */
  readonly writeId?: string | undefined;
  /** Each copy of the object, when a composer keeps several. */
  readonly copies?: readonly ObjectCopy[] | undefined;
  /** The members that may still hold an older copy, after a put through a chain without a journal. */
  readonly unconfirmed?: readonly string[] | undefined;
  /** True after a read through a chain, when an earlier member was down and may hold a newer copy. */
  readonly mayBeStale?: boolean | undefined;
}

/** A stretch of an object: from `offset` on, `length` bytes or all to the end; or the last `suffix` bytes. */
export type ByteRange =
  | { readonly offset: number; readonly length?: number | undefined }
  | { readonly suffix: number };

/** A resolved range: the part that is served. All numbers are in bytes. */
export interface ServedRange {
  readonly offset: number;
  readonly length: number;
  /** The size of the whole object. */
  readonly size: number;
}

/** The object that a text points to, when the text points into this provider. */
export interface Located {
  readonly key: string;
  /** The name of the leaf. */
  readonly provider: string;
  readonly ref: string;
}

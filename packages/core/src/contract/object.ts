/** The headers that are stored with an object and returned when the object is read. */
export interface ObjectHeaders {
  /** The media type, e.g. `"video/mp4"`. */
  readonly contentType?: string | undefined;
  /** The coding of the bytes (RFC 9110, 8.4), e.g. `"gzip"`. The bytes are stored and returned unchanged. */
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

/** Picks all headers from options or facts. Code that copies headers with this function cannot forget a header. */
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
 * characters and without spaces at either end. All names and values together have at most 2,048 bytes of UTF-8, which is the
 * limit of S3. If a store accepts only ASCII, the provider encodes other characters.
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

/** One of several copies of an object in a composer. */
export interface ObjectCopy {
  readonly provider: string;
  readonly ref: string;
  readonly state: "current" | "pending" | "failed" | "unknown";
}

/** The facts of an object. A provider knows these facts without reading the object's bytes. */
export interface ObjectInfo extends ObjectHeaders {
  readonly key: string;
  /** The size in bytes. */
  readonly size: number;
  /**
   * The ETag, opaque and strong: equal ETags from one provider mean the same bytes. Some stores compute the ETag from
   * the bytes alone, so the ETag may stay the same when other facts change. Never compare ETags from different
   * providers.
   */
  readonly etag?: string | undefined;
  readonly lastModified?: Date | undefined;
  readonly metadata?: Metadata | undefined;
  readonly checksum?: Checksum | undefined;
  /** The provider's own version id, if the store keeps versions. */
  readonly version?: string | undefined;
  /** The name of the innermost provider (the leaf) that holds the object. */
  readonly provider: string;
  /** The location of the object, as a text that can be kept in a database. `StorageProvider.locate` reads it. */
  readonly ref: string;
  /** The value of `PutOptions.writeId` in the call that wrote the object. */
  readonly writeId?: string | undefined;
  /** The copies of the object, if a composer keeps several copies. */
  readonly copies?: readonly ObjectCopy[] | undefined;
  /** After a put to a chain without a journal: the members that may still hold an older copy. */
  readonly unconfirmed?: readonly string[] | undefined;
  /** True after a read from a chain, if an earlier member was down and may hold a newer copy. */
  readonly mayBeStale?: boolean | undefined;
}

/**
 * A range of an object: `length` bytes starting at `offset`, or all bytes from `offset` to the end, or the last `suffix` bytes.
 */
export type ByteRange =
  | { readonly offset: number; readonly length?: number | undefined }
  | { readonly suffix: number };

/** A resolved range: the part of the object that is returned. All numbers are in bytes. */
export interface ServedRange {
  readonly offset: number;
  readonly length: number;
  /** The size of the whole object. */
  readonly size: number;
}

/** The object that a ref, a URL or a path points to. */
export interface Located {
  readonly key: string;
  /** The name of the innermost provider (the leaf). */
  readonly provider: string;
  readonly ref: string;
}

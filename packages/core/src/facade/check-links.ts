import { assertSupports, checkSize } from "./check.js";
import { StorageError, type Operation } from "../contract/errors.js";
import { describeType } from "../contract/key.js";
import type {
  CreateUploadOptions,
  SignPartOptions,
  SignUploadOptions,
  SignedUrlOptions,
  UploadReference,
  UploadedPart,
} from "../contract/links.js";
import { assertHeaders, assertMetadata } from "../contract/metadata.js";
import type { StorageProvider } from "../contract/provider.js";
import { anArray, nonEmptyText, oneOf } from "../kit/options.js";

/** The maximum number of parts of one upload. @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const PARTS_MAX = 10_000;

/** The call whose options are checked. */
interface Checked {
  readonly provider: StorageProvider;
  readonly operation: Operation;
  readonly key: string;
}

/** Throws for wrong options of a link. */
export function checkSignedUrl(provider: StorageProvider, key: string, options: SignedUrlOptions): void {
  const checked = { provider, key, operation: "signedUrl" } as const;
  assertHeaders(options, key, provider.name, "signedUrl");
  assertCount(checked, "expiresInSeconds", options.expiresInSeconds, 1);
  assertCount(checked, "stableForSeconds", options.stableForSeconds, 0);
}

/** Throws if an option of a signed upload is wrong, or if this provider does not support the option. */
export function checkSignUpload(provider: StorageProvider, key: string, options: SignUploadOptions): void {
  const checked = { provider, key, operation: "signUpload" } as const;
  const { contentLength, maxBytes } = options;
  checkNewObject(checked, options);
  assertCount(checked, "contentLength", contentLength, 0);
  assertCount(checked, "maxBytes", maxBytes, 1);
  assertCount(checked, "expiresInSeconds", options.expiresInSeconds, 1);
  if (contentLength === undefined && maxBytes === undefined) {
    throw invalid(
      checked,
      "contentLength or maxBytes is missing: without a limit, a client could send any number of bytes",
    );
  }
  if (contentLength !== undefined && maxBytes !== undefined && contentLength > maxBytes) {
    throw invalid(checked, `contentLength is ${contentLength}, which is more than maxBytes (${maxBytes})`);
  }
  checkSize(provider, key, contentLength, "signUpload");
  checkCreateOnly(checked, options.ifNoneMatch, "ifNoneMatch");
}

/** Throws if an option of an upload in parts is wrong, or if this provider does not support the option. */
export function checkCreateUpload(
  provider: StorageProvider,
  key: string,
  options: CreateUploadOptions,
): void {
  checkNewObject({ provider, key, operation: "multipart" }, options);
}

export function checkSignPart(
  provider: StorageProvider,
  key: string,
  upload: UploadReference & { readonly partNumber: number },
  options: SignPartOptions,
): void {
  const checked = { provider, key, operation: "multipart" } as const;
  assertUploadId(upload);
  assertPartNumber(checked, upload.partNumber);
  assertCount(checked, "contentLength", options.contentLength, 1);
  assertCount(checked, "expiresInSeconds", options.expiresInSeconds, 1);
}

export function checkCompleteUpload(
  provider: StorageProvider,
  key: string,
  upload: UploadReference & { readonly parts: readonly UploadedPart[] },
  ifNoneMatch: "*" | undefined,
): void {
  const checked = { provider, key, operation: "multipart" } as const;
  assertUploadId(upload);
  anArray("multipart.complete", "parts", upload.parts, "parts");
  if (upload.parts.length === 0) throw invalid(checked, "parts is empty: an upload has at least one part");
  const numbers = new Set<number>();
  for (const { partNumber, etag } of upload.parts) {
    assertPartNumber(checked, partNumber);
    if (typeof etag !== "string" || etag === "") throw invalid(checked, `part ${partNumber} has no etag`);
    if (numbers.has(partNumber)) throw invalid(checked, `part ${partNumber} is listed twice`);
    numbers.add(partNumber);
  }
  checkCreateOnly(checked, ifNoneMatch, "ifNoneMatchOnMultipart");
}

/** @throws TypeError unless the value names an upload. */
export function assertUploadId(upload: UploadReference): void {
  const { uploadId } = Object(upload) as Partial<UploadReference>;
  nonEmptyText("multipart", "uploadId", uploadId, "the uploadId that create returned");
}

function checkNewObject({ provider, key, operation }: Checked, options: CreateUploadOptions): void {
  assertHeaders(options, key, provider.name, operation);
  if (options.metadata === undefined) return;
  assertMetadata(options.metadata, key, provider.name, operation);
  if (Object.keys(options.metadata).length > 0)
    assertSupports(provider, "metadata", "metadata", key, operation);
}

function checkCreateOnly(
  { provider, key, operation }: Checked,
  ifNoneMatch: unknown,
  feature: "ifNoneMatch" | "ifNoneMatchOnMultipart",
): void {
  if (ifNoneMatch === undefined) return;
  oneOf(operation, "ifNoneMatch", ifNoneMatch, ["*"]);
  assertSupports(provider, feature, "create-only writes", key, operation);
}

function assertPartNumber(checked: Checked, partNumber: unknown): void {
  if (typeof partNumber !== "number") {
    throw new TypeError(`partNumber must be a number, not ${describeType(partNumber)}`);
  }
  if (Number.isSafeInteger(partNumber) && partNumber >= 1 && partNumber <= PARTS_MAX) return;
  throw invalid(checked, `partNumber must be a whole number from 1 to ${PARTS_MAX}, not ${partNumber}`);
}

function assertCount(checked: Checked, name: string, value: unknown, least: number): void {
  if (value === undefined) return;
  if (typeof value !== "number") throw new TypeError(`${name} must be a number, not ${describeType(value)}`);
  if (Number.isSafeInteger(value) && value >= least) return;
  throw invalid(checked, `${name} must be a whole number, at least ${least}, not ${value}`);
}

function invalid({ provider, operation, key }: Checked, reason: string): StorageError {
  return new StorageError("InvalidArgument", reason, { operation, provider: provider.name, key });
}

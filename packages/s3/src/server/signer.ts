import { type ObjectHeaders } from "@stowage/core/provider";
import type { Conditions, ObjectFields, ObjectRequest, UploadId } from "./client.js";

/**
 * A signer that makes signed requests. The signer itself does not send the requests.
 *
 * **Behaviour**
 * - Every header of a request, including the content type, is signed and returned.
 * - A link for an upload says nothing about the bytes, because the bytes do not exist yet. For example, the link does
 *   not contain the checksum of an empty body.
 */
export interface S3Signer {
  readonly signGet: (request: SignGetRequest, signing: Signing) => Promise<string>;
  readonly signPut: (request: SignPutRequest, signing: Signing) => Promise<SignedRequest>;
  readonly signPart: (request: SignPartRequest, signing: Signing) => Promise<SignedRequest>;
  /** Makes a form with a policy that fixes its fields and limits the size of the file. */
  readonly signPost: (request: SignPostRequest, signing: Signing) => Promise<SignedForm>;
  readonly session: () => Promise<Session>;
}

/** The time at which a link is signed, and the time for which the link works after that. */
export interface Signing {
  readonly signedAt: Date;
  readonly expiresInSeconds: number;
}

/** The times that a signature depends on. */
export interface Session {
  /** The time at which the credentials expire; `undefined` if they never expire or the time is not known. */
  readonly credentialsEndAt: Date | undefined;
  /**
   * The number of milliseconds by which the server's clock is ahead of this machine's clock. The number is 0 until an
   * answer shows a difference.
   */
  readonly clockOffsetMs: number;
}

export interface SignGetRequest extends ObjectRequest {
  /** The headers of the answer. They replace the object's stored headers. */
  readonly answer: ObjectHeaders;
}

export interface SignPutRequest extends Pick<Conditions, "ifNoneMatch"> {
  readonly key: string;
  readonly fields: ObjectFields;
  readonly contentLength: number;
}

export interface SignPartRequest extends UploadId {
  readonly partNumber: number;
  readonly contentLength: number | undefined;
}

export interface SignPostRequest {
  readonly key: string;
  readonly fields: ObjectFields;
  readonly maxBytes: number;
}

export interface SignedRequest {
  readonly url: string;
  /** The headers. Their names are in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface SignedForm {
  readonly url: string;
  readonly fields: Readonly<Record<string, string>>;
}

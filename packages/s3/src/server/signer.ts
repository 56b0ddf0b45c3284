import { type ObjectHeaders } from "@stowage/core/provider";
import type { Conditions, ObjectFields, ObjectRequest, UploadId } from "./client.js";

/**
 * Makes signed requests for others to send: what the adapter asks for, by its shape. Nothing is sent.
 *
 * **Behaviour**
 * - Every header that a request has is signed, also the type, and is in the answer.
 * - A link holds nothing about the bytes that are not there yet: no checksum of an empty body.
 */
export interface S3Signer {
  readonly signGet: (request: SignGetRequest, signing: Signing) => Promise<string>;
  readonly signPut: (request: SignPutRequest, signing: Signing) => Promise<SignedRequest>;
  readonly signPart: (request: SignPartRequest, signing: Signing) => Promise<SignedRequest>;
  /** A form, with a policy that binds its fields and the size of the file. */
  readonly signPost: (request: SignPostRequest, signing: Signing) => Promise<SignedForm>;
  readonly session: () => Promise<Session>;
}

/** When a link is signed, and how long it works from then. */
export interface Signing {
  readonly signedAt: Date;
  readonly expiresInSeconds: number;
}

/** What is known about time. */
export interface Session {
  /** When the credentials end, if they do and it is known. */
  readonly credentialsEndAt: Date | undefined;
  /** How far the server's clock is ahead of this machine's, as far as answers have told. */
  readonly clockOffsetMs: number;
}

export interface SignGetRequest extends ObjectRequest {
  /** What the answer says instead of what is stored. */
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
  /** In lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface SignedForm {
  readonly url: string;
  readonly fields: Readonly<Record<string, string>>;
}

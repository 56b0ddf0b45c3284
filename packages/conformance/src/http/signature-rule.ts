import type { HttpReply, SendOptions } from "./http-client.js";
import type { FixtureHeaders } from "./http-rule.js";
import type { ServerRule } from "./suite.js";

/** The limits of a signed upload. */
export interface UploadLimits {
  readonly expiresInSeconds: number;
  readonly contentType: string;
  /** The largest size of the upload, in bytes. */
  readonly maxBytes: number;
}

/** A signed PUT request that a client can send without further permission. */
export interface SignedRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A server with signed links. It refuses every request without a signed link. */
export interface SignedSubject {
  /** Stores an object for the server, under a plain name such as `"object.bin"`. */
  readonly put: (name: string, bytes: Uint8Array, headers: FixtureHeaders) => Promise<void>;
  /** Returns the bytes of a stored object, or `undefined` if there is no object with this name. */
  readonly read: (name: string) => Promise<Uint8Array | undefined>;
  /** Makes a link for reading. */
  readonly signGet: (name: string, options: { readonly expiresInSeconds: number }) => Promise<string>;
  /** Makes a link for writing. */
  readonly signPut: (name: string, limits: UploadLimits) => Promise<SignedRequest>;
  /** Closes the server. The suite calls this function after the last rule. */
  readonly close?: (() => Promise<void> | void) | undefined;
}

/** The functions and the bytes that a rule for signed links gets. */
export interface SignatureContext extends Pick<SignedSubject, "read" | "signGet" | "signPut"> {
  readonly send: (url: string, options?: SendOptions) => Promise<HttpReply>;
  /** The content of `"object.bin"`. The server has an object `"other.bin"` too. */
  readonly bytes: Uint8Array;
}

/** A rule for signed links: one sentence, and the code that checks the sentence. */
export interface SignatureRule extends ServerRule<SignatureContext> {}

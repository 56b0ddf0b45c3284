import type { HttpReply, SendOptions } from "./http-client.js";
import type { FixtureHeaders } from "./http-rule.js";
import type { ServerRule } from "./suite.js";

/** The limits of a signed upload. */
export interface UploadLimits {
  readonly expiresInSeconds: number;
  readonly contentType: string;
  /** The most bytes. */
  readonly maxBytes: number;
}

/** A PUT that a client can send by itself. */
export interface SignedRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A server with signed links, on which nothing is permitted without one. */
export interface SignedSubject {
  /** Puts an object behind the server, under a plain name such as `"object.bin"`. */
  readonly put: (name: string, bytes: Uint8Array, headers: FixtureHeaders) => Promise<void>;
  /** Reads an object behind the server. */
  readonly read: (name: string) => Promise<Uint8Array | undefined>;
  /** Makes a link for reading. */
  readonly signGet: (name: string, options: { readonly expiresInSeconds: number }) => Promise<string>;
  /** Makes a link for writing. */
  readonly signPut: (name: string, limits: UploadLimits) => Promise<SignedRequest>;
  /** Called once, after the last rule. */
  readonly close?: (() => Promise<void> | void) | undefined;
}

/** A server with signed links as one rule sees it. */
export interface SignatureContext extends Pick<SignedSubject, "read" | "signGet" | "signPut"> {
  readonly send: (url: string, options?: SendOptions) => Promise<HttpReply>;
  /** The content of `"object.bin"`. `"other.bin"` is there too. */
  readonly bytes: Uint8Array;
}

/** One sentence about signed links, and how it is checked. */
export interface SignatureRule extends ServerRule<SignatureContext> {}

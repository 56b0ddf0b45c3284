import type { HttpReply, SendOptions } from "./http-client.js";

/** The headers that an object is stored with. */
export interface FixtureHeaders {
  readonly contentType: string;
  /** The `Cache-Control` of the object. A server that keeps no such header for its objects may ignore it. */
  readonly cacheControl: string;
}

/** A file server that the rules are run on, and the function that puts objects behind it. */
export interface HttpSubject {
  /**
   * Puts an object behind the server.
   *
   * @param name - A plain file name, such as `"object.bin"`.
   * @returns The address under which the server serves the object. `undefined` is allowed for `empty.bin` alone: the rule about empty
   * objects is then skipped.
   */
  readonly put: (name: string, bytes: Uint8Array, headers: FixtureHeaders) => Promise<string | undefined>;
  /**
   * Counts the files and connections that the server holds open for readers. Without this function the rule about clients that leave is
   * skipped.
   *
   * @default none
   */
  readonly openBodies?: (() => number | Promise<number>) | undefined;
  /** Closes the server. Called once, after the last rule. */
  readonly close?: (() => Promise<void> | void) | undefined;
}

/** An object behind the server. */
export interface Fixture {
  readonly url: string;
  readonly bytes: Uint8Array;
}

/** The objects that every rule finds behind the server. */
export interface Fixtures {
  /** An object of 1,000 random bytes. */
  readonly object: Fixture;
  /** An object without bytes. Absent when the server cannot hold one. */
  readonly empty?: Fixture | undefined;
  /** An object of 8 MiB, which is more than the buffers of a connection. */
  readonly large: Fixture;
  /** A page with a script in it. */
  readonly page: Fixture;
  /** A picture with a script in it. */
  readonly picture: Fixture;
}

/** A server as one rule sees it. */
export interface HttpRuleContext extends Fixtures {
  /** Sends a request and reads its whole answer. */
  readonly send: (url: string, options?: SendOptions) => Promise<HttpReply>;
  /** Sends a GET for the object. */
  readonly get: (headers?: Readonly<Record<string, string>>) => Promise<HttpReply>;
  /** An address next to that of the object, without an object under it. */
  readonly missingUrl: string;
  readonly openBodies: HttpSubject["openBodies"];
}

/** A rule for file servers: one sentence, and the code that checks it. `run` throws when the server breaks the sentence. */
export interface HttpRule {
  /** The sentence. Unique in the suite. */
  readonly title: string;
  /** The link to the part of the standard that the sentence comes from. */
  readonly source?: string | undefined;
  /** The need of a rule for more than every server has: {@link HttpSubject.openBodies}, or objects without bytes. */
  readonly needs?: "openBodies" | "empty" | undefined;
  readonly run: (context: HttpRuleContext) => Promise<void>;
}

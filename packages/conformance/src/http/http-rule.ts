import type { HttpReply, SendOptions } from "./http-client.js";

/** The headers that an object is stored with. */
export interface FixtureHeaders {
  readonly contentType: string;
  /** The `Cache-Control` of the object. A server that cannot store this header may ignore it. */
  readonly cacheControl: string;
}

/** A file server on which the rules are run, and the function that puts objects behind the server. */
export interface HttpSubject {
  /**
   * Puts an object behind the server.
   *
   * @param name - A plain file name, such as `"object.bin"`.
   * @returns The address under which the server serves the object. For `empty.bin` only, the function may return `undefined`.
   * The rule about empty objects is then skipped.
   */
  readonly put: (name: string, bytes: Uint8Array, headers: FixtureHeaders) => Promise<string | undefined>;
  /**
   * Counts the files and connections that the server keeps open for readers. Without this function, the rule about clients that leave
   * is skipped.
   *
   * @default none
   */
  readonly openBodies?: (() => number | Promise<number>) | undefined;
  /** Closes the server. Called after the last rule. */
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
  /** An object without bytes. Absent if the server cannot hold an empty object. */
  readonly empty?: Fixture | undefined;
  /** An object of 8 MiB, which is more than the buffers of a connection. */
  readonly large: Fixture;
  /** A page with a script in it. */
  readonly page: Fixture;
  /** A picture with a script in it. */
  readonly picture: Fixture;
}

/** A server in the form in which a rule sees it. */
export interface HttpRuleContext extends Fixtures {
  /** Sends a request and reads its whole answer. */
  readonly send: (url: string, options?: SendOptions) => Promise<HttpReply>;
  /** Sends a GET for the object. */
  readonly get: (headers?: Readonly<Record<string, string>>) => Promise<HttpReply>;
  /** An address next to the object's address. It has no object. */
  readonly missingUrl: string;
  readonly openBodies: HttpSubject["openBodies"];
}

/** A rule for file servers: one sentence, and the code that checks the sentence. `run` throws if the server breaks the sentence. */
export interface HttpRule {
  /** The sentence. Unique in the suite. */
  readonly title: string;
  /** A link to the part of the standard from which the sentence comes. */
  readonly source?: string | undefined;
  /**
   * The feature that the rule needs. Absent if every server has it. Otherwise: {@link HttpSubject.openBodies}, or objects without bytes.
   */
  readonly needs?: "openBodies" | "empty" | undefined;
  readonly run: (context: HttpRuleContext) => Promise<void>;
}

import type { HttpReply, SendOptions } from "./http-client.js";

/** The headers that an object is stored with. */
export interface FixtureHeaders {
  readonly contentType: string;
  /** A server whose objects have no such header of their own may ignore it. */
  readonly cacheControl: string;
}

/** A file server to be tried, and the way objects get behind it. */
export interface HttpSubject {
  /**
   * Puts an object where the server serves it.
   *
   * @param name - A plain file name, such as `"object.bin"`.
   * @returns The address under which the server serves the object. `undefined` is allowed for `empty.bin` alone; the rule about empty objects is
   * then skipped.
   */
  readonly put: (name: string, bytes: Uint8Array, headers: FixtureHeaders) => Promise<string | undefined>;
  /**
   * Counts the files and connections that the server holds open for readers. Without it the rule about clients that leave is skipped.
   *
   * @default none
   */
  readonly openBodies?: (() => number | Promise<number>) | undefined;
  /** Called once, after the last rule. */
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
  /** No bytes. Absent where the server cannot hold that. */
  readonly empty?: Fixture | undefined;
  /** 8 MiB: more than the buffers of a connection. */
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
  /** An address beside the object's that nothing is stored under. */
  readonly missingUrl: string;
  readonly openBodies: HttpSubject["openBodies"];
}

/** One sentence about file servers, and how it is checked. A server that breaks it makes `run` throw. */
export interface HttpRule {
  /** The sentence. Unique in the suite. */
  readonly title: string;
  /** The part of the standard that says so. */
  readonly source?: string | undefined;
  /** Says that the rule needs more than every server has: {@link HttpSubject.openBodies}, or objects without bytes. */
  readonly needs?: "openBodies" | "empty" | undefined;
  readonly run: (context: HttpRuleContext) => Promise<void>;
}

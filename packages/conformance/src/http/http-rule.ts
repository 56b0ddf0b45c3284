import type { HttpReply, SendOptions } from "./http-client.js";

/** The headers that an object is stored with. */
export interface FixtureHeaders {
  readonly contentType: string;
  /** The `Cache-Control` of the object. A server that cannot store this header may ignore it. */
  readonly cacheControl: string;
}

/** A file server on which the rules are run, and a function that stores objects for the server. */
export interface HttpSubject {
  /**
   * Stores an object, so that the server serves the object.
   *
   * @param name - A plain file name, such as `"object.bin"`.
   * @returns The address under which the server serves the object. For `empty.bin` only, the function may return
   * `undefined`. If it does, the rule about empty objects is skipped.
   */
  readonly put: (name: string, bytes: Uint8Array, headers: FixtureHeaders) => Promise<string | undefined>;
  /**
   * Counts the files and connections that the server keeps open for readers. Without this function, the rule about clients that leave
   * is skipped.
   *
   * @default none
   */
  readonly openBodies?: (() => number | Promise<number>) | undefined;
  /** Closes the server. The suite calls this function after the last rule. */
  readonly close?: (() => Promise<void> | void) | undefined;
}

/** An object that the server serves. */
export interface Fixture {
  readonly url: string;
  readonly bytes: Uint8Array;
}

/** The objects that the server serves while the rules run. */
export interface Fixtures {
  /** An object of 1,000 random bytes. */
  readonly object: Fixture;
  /** An object without bytes. Absent if the server cannot hold an empty object. */
  readonly empty?: Fixture | undefined;
  /** An object of 8 MiB, which is more than the buffers of a connection hold. */
  readonly large: Fixture;
  /** An HTML page that contains a script. */
  readonly page: Fixture;
  /** An SVG picture that contains a script. */
  readonly picture: Fixture;
}

/** The stored objects, the addresses and the functions that a rule gets. */
export interface HttpRuleContext extends Fixtures {
  /** Sends a request and reads its whole answer. */
  readonly send: (url: string, options?: SendOptions) => Promise<HttpReply>;
  /** Sends a GET for the object. */
  readonly get: (headers?: Readonly<Record<string, string>>) => Promise<HttpReply>;
  /** An address in the folder of the object. No object has this address. */
  readonly missingUrl: string;
  readonly openBodies: HttpSubject["openBodies"];
}

/**
 * A rule for file servers: one sentence, and the code that checks the sentence. `run` throws if the sentence is false for the
 * server.
 */
export interface HttpRule {
  /** The sentence. Unique in the suite. */
  readonly title: string;
  /** A link to the part of the standard that contains the rule. */
  readonly source?: string | undefined;
  /**
   * The feature that the rule needs: {@link HttpSubject.openBodies}, or objects without bytes. Absent if the rule
   * needs no feature.
   */
  readonly needs?: "openBodies" | "empty" | undefined;
  readonly run: (context: HttpRuleContext) => Promise<void>;
}

import type { RunReport, Runner } from "../harness.js";
import { seeded } from "../seeded.js";
import { send } from "./http-client.js";
import type {
  Fixture,
  FixtureHeaders,
  Fixtures,
  HttpRule,
  HttpRuleContext,
  HttpSubject,
} from "./http-rule.js";
import { HTTP_RULES } from "./http-rules.js";
import { registerSuite, runSuite, type Suite, type SuiteOptions } from "./suite.js";

/** A function that opens the server for the suite. It is called only once. */
export type OpenServer = () => Promise<HttpSubject> | HttpSubject;

/** The options of {@link runHttpRules}. */
export interface HttpRunOptions extends SuiteOptions<HttpRule> {}

/** The options of {@link httpConformance}. */
export interface HttpConformanceOptions extends HttpRunOptions {
  readonly open: OpenServer;
}

const LARGE_BYTES = 8 * 1024 * 1024;
const OBJECT_BYTES = 1000;
const CACHE_CONTROL = "private, max-age=60";
const SCRIPT = '<script>document.title = "it ran"</script>';

/**
 * Runs the rules for file servers on a server, and reports on every rule. Rejects only if the server cannot be opened, filled or closed.
 *
 * @param open - Starts the server, or returns a description of a running server. The result has a function that
 * stores objects for the server.
 */
export async function runHttpRules(open: OpenServer, options: HttpRunOptions = {}): Promise<RunReport> {
  return await runSuite(suiteOf("runHttpRules", open), options);
}

/**
 * Registers the rules for file servers with a test runner: one test for each rule, and a last test that closes the server.
 *
 * @param runner - `{ describe, it }` of Vitest, of `node:test`, or of any runner with the same functions.
 * @param name - The name of the server, for the runner's output.
 */
export function httpConformance(runner: Runner, name: string, options: HttpConformanceOptions): void {
  const { open, ...run } = options;
  registerSuite(runner, name, suiteOf("httpConformance", open), run);
}

function suiteOf(caller: string, open: OpenServer): Suite<HttpSubject, HttpRuleContext, HttpRule> {
  return {
    caller,
    rules: HTTP_RULES,
    open,
    prepare,
    skips: ({ needs }, context) =>
      needs === undefined || context[needs] !== undefined ? undefined : `needs ${needs}`,
  };
}

async function prepare(subject: HttpSubject): Promise<HttpRuleContext> {
  const fixtures = await fill(subject);
  const { object } = fixtures;
  return {
    ...fixtures,
    send,
    get: (headers = {}) => send(object.url, { headers }),
    missingUrl: object.url.replace(/object\.bin/, "missing.bin"),
    openBodies: subject.openBodies,
  };
}

async function fill(subject: HttpSubject): Promise<Fixtures> {
  const tryPut = async (
    name: string,
    bytes: Uint8Array,
    contentType: string,
  ): Promise<Fixture | undefined> => {
    const headers: FixtureHeaders = { contentType, cacheControl: CACHE_CONTROL };
    const url = await subject.put(name, bytes, headers);
    return url === undefined ? undefined : { bytes, url };
  };
  const put = async (name: string, bytes: Uint8Array, contentType: string): Promise<Fixture> => {
    const fixture = await tryPut(name, bytes, contentType);
    if (fixture !== undefined) return fixture;
    const what = `${name} (${bytes.byteLength} bytes of ${contentType})`;
    throw new Error(
      `Cannot fill the server: put returned undefined for ${what}; only empty.bin may be left out`,
    );
  };
  const picture = `<svg xmlns="http://www.w3.org/2000/svg">${SCRIPT}</svg>`;
  return {
    object: await put("object.bin", randomBytes(OBJECT_BYTES), "application/octet-stream"),
    empty: await tryPut("empty.bin", new Uint8Array(), "application/octet-stream"),
    large: await put("large.bin", randomBytes(LARGE_BYTES), "application/octet-stream"),
    page: await put("page.html", Buffer.from(`<!doctype html>${SCRIPT}`), "text/html"),
    picture: await put("picture.svg", Buffer.from(picture), "image/svg+xml"),
  };
}

const madeBytes = new Map<number, Uint8Array>();

/**
 * Returns random bytes. The bytes are always the same for the same length, so the suite can run again on a server that still
 * has the objects.
 */
function randomBytes(length: number): Uint8Array {
  const known = madeBytes.get(length);
  if (known !== undefined) return known;
  const random = seeded(length);
  const made = Uint8Array.from({ length }, () => Math.floor(random() * 256));
  madeBytes.set(length, made);
  return made;
}

import type * as Sdk from "@aws-sdk/client-s3";
import { clock } from "@stowage/core/provider";
import { createRequire } from "node:module";

/** The end of the path of the SDK's module. Node keeps this module among its loaded modules, for both kinds of imports. */
const SDK_MODULE = /[\\/]@aws-sdk[\\/]client-s3[\\/]dist-cjs[\\/]index\.js$/;

/** The time between two searches for further copies of the SDK, in milliseconds. */
const SEARCH_MS = 100;

interface LoadedModule {
  readonly exports?: Partial<typeof Sdk>;
}

const cache = loadedModules();
const found = new Map<string, LoadedModule>();
let searchedAt = Number.NEGATIVE_INFINITY;

/** Returns the modules that Node has loaded. In a bundle, a module has no address, and this package finds no mocks. */
function loadedModules(): NodeJS.Dict<NodeJS.Module> {
  try {
    return createRequire(import.meta.url).cache;
  } catch {
    return {};
  }
}

/**
 * Returns the copy of the SDK that a test of the application has mocked: the test has replaced `send` in the class
 * `S3Client`, as `aws-sdk-client-mock` does. This copy then has to send the requests. Looks only at copies that are
 * already loaded, because loading the SDK takes a tenth of a second.
 */
export function mockedSdk(): typeof Sdk | undefined {
  return findCopy(({ prototype }) => Object.hasOwn(prototype, "send"));
}

/**
 * Returns the copy of the SDK that made a client. A mock of the client knows only the commands of this copy. Returns
 * `undefined` if no loaded copy made the client.
 */
export function sdkOf(client: object): typeof Sdk | undefined {
  return findCopy((S3Client) => client instanceof S3Client);
}

function findCopy(fits: (client: typeof Sdk.S3Client) => boolean): typeof Sdk | undefined {
  search();
  for (const { exports } of found.values()) {
    if (exports?.S3Client !== undefined && fits(exports.S3Client)) return exports as typeof Sdk;
  }
  return undefined;
}

/** Searches the loaded modules for copies of the SDK. A search takes time, so a program that runs no tests searches rarely. */
function search(): void {
  const now = clock.now();
  if (now - searchedAt < SEARCH_MS && !isTestRun) return;
  searchedAt = now;
  for (const path of Object.keys(cache)) {
    if (!SDK_MODULE.test(path)) continue;
    const module = cache[path];
    if (module !== undefined) found.set(path, module);
  }
}

/** True if Vitest or Jest runs this process. Read once, because reading the environment takes a microsecond. */
export const isInTestRunner: boolean =
  process.env["VITEST"] !== undefined || process.env["JEST_WORKER_ID"] !== undefined;

/** True if any test runner runs this process. */
const isTestRun: boolean =
  isInTestRunner || process.env["NODE_TEST_CONTEXT"] !== undefined || process.env["NODE_ENV"] === "test";

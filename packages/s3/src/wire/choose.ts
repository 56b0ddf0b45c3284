import { amazonHost } from "../server/amazon.js";
import type { Server } from "../server/server.js";
import { isInTestRunner, mockedSdk } from "../sdk/mocks.js";

/** The part that sends the requests: this package itself, or the AWS SDK. */
export type Wire = "own" | "sdk";

/** A chosen wire, and the reason for the choice. */
export interface ChosenWire {
  readonly wire: Wire;
  readonly reason: string;
  /** Returns the wire for the next request. It changes only if a test mocks the SDK. */
  readonly now: () => Wire;
}

/** The facts on which the choice depends. */
export interface WireFacts {
  readonly wanted: "auto" | Wire;
  readonly bucket: string;
  readonly server: Server;
  readonly hasClient: boolean;
}

/**
 * Chooses the wire of a provider. `"auto"` means `"own"`, or `"sdk"` if the bucket needs a feature that only the SDK
 * has.
 *
 * @throws TypeError if `"own"` is wanted, but only the SDK can reach the bucket.
 */
export function chooseWire({ wanted, ...facts }: WireFacts): ChosenWire {
  if (wanted === "sdk") return fixed("sdk", "wire is set");
  const need = needOfSdk(facts);
  if (wanted === "own") {
    if (need !== undefined) throw new TypeError(`s3: wire "own" is not possible: ${need}`);
    return fixed("own", "wire is set");
  }
  if (need !== undefined) return fixed("sdk", need);
  // A test may mock the SDK later. Before that, the test must not reach Amazon's servers.
  if (facts.server.endpoint === undefined && isInTestRunner) {
    return fixed("sdk", "a test runner runs this process, and no endpoint is set");
  }
  return {
    wire: "own",
    reason: "the default",
    now: () => (mockedSdk() === undefined ? "own" : "sdk"),
  };
}

function fixed(wire: Wire, reason: string): ChosenWire {
  return { wire, reason, now: () => wire };
}

/** Returns the reason for which only the SDK can reach a bucket. Returns `undefined` if there is no such reason. */
function needOfSdk({ bucket, server, hasClient }: Omit<WireFacts, "wanted">): string | undefined {
  const { accelerate, fips, endpoint } = server;
  if (hasClient) return "the application has given a client";
  if (accelerate) return "accelerate is set";
  if (fips) return "FIPS is configured";
  if (/^fips-|-fips$|^aws-/.test(server.region ?? "")) return "the region is a pseudo-region";
  if (bucket.endsWith("--op-s3")) return "the bucket is an access point of S3 on Outposts";
  if (bucket.endsWith("--xa-s3")) return "the bucket is an access point of S3 Express";
  if (bucket.endsWith("--x-s3")) return "the bucket is a directory bucket of S3 Express";
  if (bucket.endsWith("--ol-s3")) return "the bucket is an access point of S3 Object Lambda";
  if (bucket.endsWith(".mrap")) return "the bucket is a multi-region access point";
  const hostname = endpoint === undefined ? "" : new URL(endpoint).hostname;
  if (amazonHost(hostname) === undefined) return undefined;
  if (hostname.includes("fips")) return "the endpoint is one of Amazon's FIPS endpoints";
  return hostname.startsWith("s3express-") ? "the endpoint belongs to S3 Express" : undefined;
}

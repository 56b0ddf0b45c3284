import assert from "node:assert/strict";
import { firstDifference } from "../../packages/s3/src/wire/sign.test-support.js";
import { firstOtherReading } from "../../packages/s3/src/wire/xml.test-support.js";
import type { Tally } from "../s3-tests/tally.js";

interface Counts {
  readonly listings: number;
  readonly requests: number;
  readonly seed: number;
}

/** Signs random requests and reads random listings by the own wire and by the SDK, and compares the results. */
export async function tryWire({ listings, requests, seed }: Counts, tally: Tally): Promise<void> {
  await tally.test(`${requests} random requests have the signature of the SDK (seed ${seed})`, async () => {
    assert.equal(await firstDifference(requests, seed), undefined);
  });
  await tally.test(`${listings} random listings are read as the SDK reads them (seed ${seed})`, async () => {
    assert.equal(firstOtherReading(listings, seed), undefined);
  });
}

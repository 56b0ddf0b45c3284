// Checks with larger counts than tests have: `pnpm proof memory [--streams 500] [--mebibytes 4]`, and
// `pnpm proof wire [--listings 100000] [--requests 10000] [--seed 1]`.
import { parseArgs } from "node:util";
import { tryMemory } from "./proof/memory.js";
import { tryWire } from "./proof/wire.js";
import { createTally } from "./s3-tests/tally.js";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    streams: { type: "string", default: "500" },
    mebibytes: { type: "string", default: "4" },
    listings: { type: "string", default: "100000" },
    requests: { type: "string", default: "10000" },
    seed: { type: "string", default: "1" },
  },
});

const tally = createTally();
const counts = { streams: Number(options.streams), mebibytes: Number(options.mebibytes) };

const wireCounts = {
  listings: Number(options.listings),
  requests: Number(options.requests),
  seed: Number(options.seed),
};

/** By name. */
const PROOFS: Readonly<Record<string, () => Promise<void>>> = {
  memory: () => tryMemory(counts, tally),
  wire: () => tryWire(wireCounts, tally),
};

const [name = ""] = positionals;
const prove = PROOFS[name];
if (prove === undefined) {
  console.error(`usage: pnpm proof ${Object.keys(PROOFS).join("|")}`);
  process.exit(2);
}
await prove();
console.log(`\n${tally.closingLine()}`);
if (tally.hasFailures()) process.exitCode = 1;

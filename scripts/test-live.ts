// The contract on a real account, under a prefix that is deleted at the end:
// `test:live --provider cloudinary` with CLOUDINARY_URL, `test:live --provider s3` with AWS_S3_BUCKET and credentials.
import { cloudinary } from "@stowage/cloudinary";
import { runRules, type Opened } from "@stowage/conformance";
import { createStorage, type StorageProvider } from "@stowage/core";
import { s3 } from "@stowage/s3";
import { randomUUID } from "node:crypto";
import { parseArgs } from "node:util";

interface Live {
  /** The variable without which it is not run. */
  readonly needs: string;
  readonly make: (keyPrefix: string) => StorageProvider;
}

const LIVE: Readonly<Record<string, Live>> = {
  cloudinary: {
    needs: "CLOUDINARY_URL",
    // As images and videos Cloudinary takes no bytes that are none.
    make: (keyPrefix) => cloudinary({ url: process.env["CLOUDINARY_URL"], keyPrefix, mapping: "raw" }),
  },
  s3: {
    needs: "AWS_S3_BUCKET",
    make: (keyPrefix) =>
      s3({
        bucket: process.env["AWS_S3_BUCKET"] ?? "",
        region: process.env["AWS_REGION"],
        endpoint: process.env["AWS_ENDPOINT_URL_S3"],
        keyPrefix,
      }),
  },
};

/** Of one rule: the network is between. */
const RULE_MS_MAX = 120_000;

const { values } = parseArgs({ options: { provider: { type: "string" } } });
const live = LIVE[values.provider ?? ""];
if (live === undefined) {
  console.error(`usage: test:live --provider ${Object.keys(LIVE).join("|")}`);
  process.exitCode = 2;
} else if ((process.env[live.needs] ?? "") === "") console.log(`not run: ${live.needs} is not set`);
else await run(live);

async function run({ make }: Live): Promise<void> {
  const keyPrefix = `stowage-live-${randomUUID().slice(0, 8)}/`;
  const open = (): Opened => {
    const provider = make(keyPrefix);
    return { provider, close: async () => await provider.close?.() };
  };
  console.log(`under ${keyPrefix}`);
  try {
    const { outcomes, passed, skipped, failed } = await runRules(open, { timeoutMs: RULE_MS_MAX });
    for (const outcome of outcomes) {
      if (outcome.status === "failed") console.log(`FAILED ${outcome.title}\n  ${String(outcome.error)}`);
    }
    console.log(`${skipped} skipped\n${passed} passed, ${failed} failed`);
    if (failed > 0) process.exitCode = 1;
  } finally {
    await clear(make(keyPrefix));
  }
}

async function clear(provider: StorageProvider): Promise<void> {
  const storage = createStorage(provider);
  const keys: string[] = [];
  for await (const { key } of storage.list()) keys.push(key);
  for (const { key, error } of (await storage.deleteMany(keys)).errors)
    console.log(`${key} is left: ${String(error)}`);
  await storage.close();
}

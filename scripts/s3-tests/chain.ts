// A chain of Cloudinary, a real bucket and a folder: who takes a stream of unknown length when Cloudinary does not.
import { cloudinary } from "@stowage/cloudinary";
import { cloudinaryFake } from "@stowage/conformance";
import { setTimeout as delay } from "node:timers/promises";
import { createStorage, fallback, type FileStorage } from "@stowage/core";
import { local } from "@stowage/local";
import assert from "node:assert/strict";
import { join } from "node:path";
import {
  FAILURE_MODES,
  contentOf,
  keyOf,
  unknownLength,
  type FailureMode,
} from "../../packages/cloudinary/src/failure-modes.test-support.js";
import { digestOf } from "./contents.js";
import type { Real, RealTest } from "./real.js";

type Members = "two" | "three";

async function goesOn({ provider, folder }: Real, mode: FailureMode, members: Members): Promise<void> {
  const limits = { rawBytesMax: 2 ** 30, ...mode.account?.limits };
  const fake = await cloudinaryFake({ ...mode.account, limits });
  const { url, cloudName, apiKey, apiSecret } = fake;
  const account = { cloudName, apiKey, apiSecret, uploadPrefix: url, deliveryBaseUrl: `${url}/${cloudName}` };
  const first = cloudinary({ ...account, chunkBytes: 6 * 1024 * 1024 });
  const disk = members === "three" ? [local({ root: join(folder, "disk"), create: true })] : [];
  const storage = createStorage(fallback([first, provider(), ...disk]));
  try {
    mode.fail?.(fake);
    const content = contentOf(mode);
    const info = await storage.put(keyOf(mode), unknownLength(content));
    assert.deepEqual([info.provider, info.size], ["s3", content.byteLength]);
    fake.heal();
    await answering(storage);
    assert.equal(fake.assets().length, 0);
    const object = await storage.get(keyOf(mode));
    assert.equal(object.info.provider, "s3");
    assert.equal(digestOf(Buffer.from(await object.bytes())), digestOf(content));
    await storage.delete(keyOf(mode));
    assert.equal(await storage.exists(keyOf(mode)), false);
  } finally {
    await storage.close();
    await fake.close();
  }
}

/** Waits until a member that was left out is asked again, for reads and for writes. */
async function answering(storage: FileStorage): Promise<void> {
  for (;;) {
    try {
      await storage.delete("nothing.bin");
      await storage.exists("nothing.bin");
      return;
    } catch {
      await delay(50);
    }
  }
}

export const CHAIN: readonly RealTest[] = (["two", "three"] as const).map((members) => ({
  title: `a chain of ${members} goes on to the bucket in every way in which Cloudinary fails`,
  run: async (real: Real) => {
    for (const mode of FAILURE_MODES) {
      await goesOn(real, mode, members).catch((cause: unknown) => {
        throw new Error(`when ${mode.title}: ${String(cause)}`, { cause });
      });
    }
  },
}));

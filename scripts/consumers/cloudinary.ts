import assert from "node:assert/strict";
import { cloudinary } from "@stowage/cloudinary";
import { cloudinaryFake } from "@stowage/conformance";
import { createStorage } from "@stowage/core";

async function putAndGet(): Promise<void> {
  const fake = await cloudinaryFake();
  const { cloudName, apiKey, apiSecret, url } = fake;
  const account = { cloudName, apiKey, apiSecret, uploadPrefix: url, deliveryBaseUrl: `${url}/${cloudName}` };
  const storage = createStorage(cloudinary(account));
  await storage.put("minutes/2026.txt", "agreed");
  assert.equal(await (await storage.get("minutes/2026.txt")).text(), "agreed");
  const range = { offset: 1, length: 3 };
  assert.equal(await (await storage.get("minutes/2026.txt", { range })).text(), "gre");
  // Which needs a retry.
  fake.fail({ fault: { type: "status", status: 503 }, times: 1 });
  await storage.delete("minutes/2026.txt");
  assert.equal(fake.assets().length, 0);
  await storage.close();
  await fake.close();
  console.log("used");
}

void putAndGet();

import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createStorage } from "@stowage/core";
import { s3 } from "@stowage/s3";
import { iamPolicy } from "@stowage/s3/setup";

/** A server that keeps one object and asks for no signature. */
const stored: Buffer[] = [];
const server = createServer((request, response) => {
  response.setHeader("etag", '"one"');
  if (request.method === "GET") {
    response.end(Buffer.concat(stored));
    return;
  }
  request.on("data", (chunk: Buffer) => stored.push(chunk));
  request.on("end", () => response.end());
});

async function putAndGet(): Promise<void> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
  const provider = s3({ bucket: "minutes", endpoint, credentials });
  // The two entries of the package know the same providers.
  assert.equal(iamPolicy(provider, ["get"]).Statement[0]?.Resource, "arn:aws:s3:::minutes/*");
  const storage = createStorage(provider);
  await storage.put("2026.txt", "agreed");
  assert.equal(await (await storage.get("2026.txt")).text(), "agreed");
  await storage.close();
  server.close();
  console.log("used");
}

void putAndGet();

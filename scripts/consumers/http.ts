import assert from "node:assert/strict";
import { createStorage, memory } from "@stowage/core";
import { createHandler, errorResponse, receive, signed, type SigningKeys } from "@stowage/http";

const keys: SigningKeys = [{ id: "one", secret: "a secret of at least 32 bytes, for this" }];
const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

async function receiveAndServe(): Promise<void> {
  const provider = signed(memory(), { baseUrl: "http://localhost/files", keys });
  const storage = createStorage(provider);
  const handler = createHandler(storage, { basePath: "/files", keys, authorize: () => false });
  const put = (body: Uint8Array<ArrayBuffer>): Request =>
    new Request("http://localhost/", { method: "PUT", body, headers: { "content-type": "image/png" } });
  const bytes = new Uint8Array(Buffer.from(PNG, "base64"));
  const limits = { maxBytes: 1000, types: ["image/*"] };
  assert.equal((await receive(storage, "a b.png", put(bytes), limits)).contentType, "image/png");
  const refused = await receive(storage, "b", put(new Uint8Array(10)), limits).catch(errorResponse);
  assert.equal(refused instanceof Response && refused.status, 415);
  const link = await storage.signedUrl("a b.png");
  const answer = await handler(new Request(link, { headers: { range: "bytes=1-3" } }));
  assert.deepEqual([answer.status, await answer.text()], [206, "PNG"]);
  assert.equal((await handler(new Request("http://localhost/files/a%20b.png"))).status, 403);
  await storage.close();
  console.log("used");
}

void receiveAndServe();

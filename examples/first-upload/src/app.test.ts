import type { AddressInfo } from "node:net";
import { faulty } from "@stowage/conformance";
import { createStorage, fallback, memory } from "@stowage/core";
import { expect, it, onTestFinished } from "vitest";
import { createApp } from "./app.js";

it("keeps an upload while the bucket is dead", async () => {
  const bucket = faulty(memory({ name: "bucket" }));
  const storage = createStorage(fallback([bucket.provider, memory({ name: "folder" })]));
  const server = createApp(storage).listen(0);
  onTestFinished(() => void server.close());
  const url = `http://localhost:${(server.address() as AddressInfo).port}`;

  bucket.down();
  const form = new FormData();
  form.append("file", new Blob(["hello"]), "hello.txt");
  const answer = await fetch(`${url}/upload`, { method: "POST", body: form });

  expect(answer.redirected).toBe(true);
  expect(await answer.text()).toBe("hello");
  expect((await storage.head(answer.url.split("/files/")[1] ?? "")).provider).toBe("folder");
});

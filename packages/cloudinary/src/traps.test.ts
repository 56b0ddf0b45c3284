// What the SDK and Cloudinary do that nobody expects, each with the test that the adapter copes with it.
import { fromFile, createStorage } from "@stowage/core";
import { toBody } from "@stowage/core/provider";
import { execFile } from "node:child_process";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { cloudinary } from "./cloudinary.js";
import { codeOf, faked, optionsFor } from "./fake.test-support.js";

const program = fileURLToPath(new URL("./ambient.test-support.ts", import.meta.url));

/** A put and a get in a process of its own, with these variables. */
async function inProcess(environment: Record<string, string>): Promise<unknown> {
  const { fake } = await faked();
  const env = { ...process.env, ...environment, STOWAGE_TEST_OPTIONS: JSON.stringify(optionsFor(fake)) };
  const { stdout } = await promisify(execFile)(process.execPath, ["--import", "tsx", program], { env });
  return JSON.parse(stdout);
}

describe("trap", () => {
  it("statuses such as 503 leave a socket of the SDK's open: ours come back, and the next call goes on", async () => {
    const { fake, storage } = await faked();
    await storage.put("a.txt", "abc");
    fake.fail({ fault: { type: "status", status: 503 } });
    for (let index = 0; index < 10; index++) expect(await codeOf(storage.head("a.txt"))).toBe("Unavailable");
    fake.heal();
    await storage.head("a.txt");
    expect(fake.openSockets()).toBe(1);
  });

  it("the SDK takes no signal: an abort ends a request at once, and its socket", async () => {
    const { fake, storage } = await faked();
    await storage.put("a.txt", "abc");
    fake.fail({ fault: { type: "silent" } });
    for (const call of [
      (signal: AbortSignal) => storage.put("a.txt", Buffer.alloc(5_000_000), { signal }),
      (signal: AbortSignal) => storage.head("a.txt", { signal }),
      (signal: AbortSignal) => storage.listPage({ signal }),
    ]) {
      const controller = new AbortController();
      const before = fake.requests.length;
      const running = call(controller.signal);
      await expect.poll(() => fake.requests.length).toBe(before + 1);
      controller.abort(new Error("enough"));
      await expect(running).rejects.toThrow("enough");
    }
    await expect.poll(() => fake.openSockets()).toBeLessThanOrEqual(1);
  });

  it("the SDK's Admin API knows no time limit: a listing that gets no answer is a Timeout", async () => {
    const { fake, storage } = await faked({ firstByteMs: 50 });
    fake.fail({ fault: { type: "silent" } });
    expect(await codeOf(storage.listPage())).toBe("Timeout");
  });

  it("the SDK's streams hang when either side fails: a put rejects, and closes its source", async () => {
    const { fake, storage } = await faked();
    for (const fault of [{ type: "reset" }, { type: "status", status: 400, early: true }] as const) {
      fake.heal();
      fake.fail({ fault });
      const source = Readable.from([Buffer.alloc(1_000_000), Buffer.alloc(1_000_000)], { objectMode: false });
      expect(await codeOf(storage.put("a.txt", source))).not.toBe("resolved");
      expect(source.destroyed).toBe(true);
    }
    fake.heal();
    const failing = new Readable({
      read() {
        this.destroy(new Error("the camera fell into the sea"));
      },
    });
    expect(await codeOf(storage.put("a.txt", failing))).toBe("SourceError");
    expect(fake.assets()).toHaveLength(0);
  });

  it("the SDK ends the process when a file is missing: a put rejects with SourceError", async () => {
    const { storage } = await faked();
    expect(await codeOf(storage.put("a.txt", fromFile("/no/such/file")))).toBe("SourceError");
  });

  it("the SDK posts its secret when an option is called signature: no field that is unknown is ever sent", async () => {
    const { fake, storage } = await faked();
    await storage.put("a.txt", "abc", { metadata: { signature: "x", api_secret: "y", width: "10" } });
    const { fields } = fake.requests.find(({ path }) => path.endsWith("/upload")) ?? { fields: {} };
    expect(Object.keys(fields).toSorted()).toEqual([
      "api_key",
      "context",
      "invalidate",
      "overwrite",
      "public_id",
      "signature",
      "timestamp",
      "type",
    ]);
  });

  it("the SDK takes width for an order to change the image: nothing that is asked for changes a byte", async () => {
    const { provider } = await faked();
    const options = { metadata: { width: "10", quality: "1" }, width: 10, effect: "grayscale" };
    const { size } = await provider.put("a.txt", await toBody("abc"), options);
    expect(size).toBe(3);
  });

  it("the SDK changes the options that it is given: frozen ones work, and stay as they are", async () => {
    const { fake } = await faked();
    const options = Object.freeze({ ...optionsFor(fake) });
    const storage = createStorage(cloudinary(options), { retry: false });
    await storage.put("a.txt", "abc");
    expect((await storage.listPage()).objects).toHaveLength(1);
    expect(options).toEqual(optionsFor(fake));
    await storage.close();
  });

  it("the SDK reads answers piece by piece and breaks characters: they are read whole", async () => {
    const { fake, storage } = await faked();
    const metadata = { title: "Über 日本 🎬" };
    await storage.put("é.txt", "abc", { metadata });
    fake.fail({ fault: { type: "slow" } });
    expect((await storage.head("é.txt")).metadata).toEqual(metadata);
    expect((await storage.listPage()).objects).toMatchObject([{ key: "é.txt", metadata }]);
  });

  it("the SDK takes ids such as image/upload/v1/a for another asset's: the object is the one of its key", async () => {
    const { storage } = await faked();
    await storage.put("image/upload/v1/a.txt", "abc");
    const range = { offset: 1, length: 1 };
    expect(await (await storage.get("image/upload/v1/a.txt", { range })).text()).toBe("b");
    expect((await fetch(await storage.publicUrl("image/upload/v1/a.txt"))).status).toBe(200);
  });

  it("the SDK fetches bodies that look like URLs, and reads files that they name: text is text", async () => {
    const { storage } = await faked();
    for (const text of [
      "https://example.com/a.png",
      "/etc/passwd",
      "data:text/plain,abc",
      "s3://bucket/key",
    ]) {
      await storage.put("a.txt", text);
      expect(await (await storage.get("a.txt")).text()).toBe(text);
    }
  });

  it("the SDK sorts by the language of the machine, and signatures break in Lithuanian: they do not", async () => {
    expect(await inProcess({ LC_ALL: "lt_LT.UTF-8", LANG: "lt_LT.UTF-8" })).toMatchObject({ text: "abc" });
  });

  it("the SDK's rejections hold the key and the secret: errors hold neither", async () => {
    const { fake, storage } = await faked();
    fake.fail({ fault: { type: "status", status: 500, message: "General Error" } });
    const error: unknown = await storage.listPage().catch((failure: unknown) => failure);
    const { inspect } = await import("node:util");
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain(fake.apiSecret);
  });

  it("deleted assets with a backup are still described: they are not there", async () => {
    const { storage } = await faked({}, { backups: true });
    await storage.put("a.txt", "abc");
    await storage.delete("a.txt");
    expect(await codeOf(storage.head("a.txt"))).toBe("NotFound");
    await storage.delete("a.txt");
  });

  it("the SDK cannot be loaded with a malformed CLOUDINARY_URL in the environment: it does not matter", async () => {
    expect(await inProcess({ CLOUDINARY_URL: "nonsense" })).toMatchObject({ text: "abc" });
  });

  it("the SDK mixes CLOUDINARY_URL and its one configuration into every call: ours are what was given", async () => {
    const ambient = "cloudinary://9:other@elsewhere?oauth_token=t&upload_prefix=http://127.0.0.1:9";
    expect(await inProcess({ CLOUDINARY_URL: ambient })).toEqual({
      text: "abc",
      // The application's own SDK, before and after.
      cloudBefore: "elsewhere",
      cloudAfter: "elsewhere",
      isSameModule: true,
    });
  });

  it("the SDK has one configuration for all: two accounts work side by side", async () => {
    const [one, two] = [await faked(), await faked({}, { cloudName: "other" })];
    await Promise.all([one.storage.put("a.txt", "one"), two.storage.put("a.txt", "two")]);
    expect(await (await one.storage.get("a.txt")).text()).toBe("one");
    expect(await (await two.storage.get("a.txt")).text()).toBe("two");
  });

  it("an overwrite may keep what was stored beside the old object: nothing of it comes back", async () => {
    const { storage } = await faked();
    await storage.put("a.txt", "one", { metadata: { long: "x".repeat(900) }, cacheControl: "no-store" });
    await storage.put("a.txt", "two", { metadata: { short: "y" } });
    expect(await storage.head("a.txt")).toMatchObject({ metadata: { short: "y" } });
    expect((await storage.head("a.txt")).cacheControl).toBeUndefined();
  });
});

import { v2 } from "cloudinary";
import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { cloudinary } from "./cloudinary.js";
import { PNG, codeOf, faked } from "./fake.test-support.js";
import { parseNotification } from "./notification.js";
import { renameObject } from "./rename.js";
import { posterUrl, transformUrl } from "./transform.js";

const ACCOUNT = { cloudName: "demo", apiKey: "1234", apiSecret: "abcd" };

describe("a signed URL", () => {
  it("reads, for as long as it says", async () => {
    let now = Date.now();
    const { storage } = await faked({}, { now: () => now });
    await storage.put("a b/é.txt", "abc");
    const url = await storage.signedUrl("a b/é.txt", { expiresInSeconds: 60 });
    expect(await (await fetch(url)).text()).toBe("abc");
    now += 61_000;
    expect((await fetch(url)).status).toBe(401);
  });

  it("is refused when anything of it is changed", async () => {
    const { storage } = await faked();
    await storage.put("a.txt", "abc");
    await storage.put("b.txt", "secret");
    const url = await storage.signedUrl("a.txt");
    expect((await fetch(url.replace("a.txt", "b.txt"))).status).toBe(401);
    expect((await fetch(url.replace(/expires_at=\d/, "expires_at=9"))).status).toBe(401);
  });

  it("is the same for a while, if that is wanted, and a download too", async () => {
    const { storage } = await faked();
    await storage.put("a.txt", "abc");
    const options = { stableForSeconds: 3600, contentDisposition: "attachment" };
    const [one, two] = [await storage.signedUrl("a.txt", options), await storage.signedUrl("a.txt", options)];
    expect(one).toBe(two);
    expect((await fetch(one)).headers.get("content-disposition")).toBe("attachment");
  });

  it.each([
    [{ expiresInSeconds: 0 }, "InvalidArgument"],
    [{ expiresInSeconds: 8 * 86_400 }, "InvalidArgument"],
    [{ contentType: "text/html" }, "Unsupported"],
    [{ contentDisposition: 'attachment; filename="a.pdf"' }, "Unsupported"],
  ])("with %j is %s", async (options, code) => {
    const { storage } = await faked();
    expect(await codeOf(storage.signedUrl("a.txt", options))).toBe(code);
  });
});

describe("a public URL", () => {
  it("is what the CDN delivers, and of an overwritten object the new one", async () => {
    const { storage } = await faked();
    for (const [key, body] of [
      ["a.txt", "abc"],
      ["cats/1.png", PNG],
    ] as const) {
      await storage.put(key, body);
      expect(storage.locate(await storage.publicUrl(key))).toMatchObject({ key });
      expect((await fetch(await storage.publicUrl(key))).status).toBe(200);
    }
    await storage.put("a.txt", "other");
    expect(await (await fetch(await storage.publicUrl("a.txt"))).text()).toBe("other");
    await storage.delete("a.txt");
    expect((await fetch(await storage.publicUrl("a.txt"))).status).toBe(404);
  });

  it("is there for nobody when assets are not public, and reading works all the same", async () => {
    const { fake, provider, storage } = await faked({ deliveryType: "authenticated" });
    expect(provider.publicUrl).toBeUndefined();
    await storage.put("a.txt", "abcdef");
    expect(await (await storage.get("a.txt", { range: { offset: 2, length: 2 } })).text()).toBe("cd");
    const url = `${fake.url}/demo/raw/authenticated/v1/a.txt`;
    expect((await fetch(url)).status).toBe(401);
  });
});

describe("reading", () => {
  it("never gives an old copy of the CDN's, also when two uploads have one version", async () => {
    const now = Date.now();
    const { storage } = await faked({}, { now: () => now });
    await storage.put("a.txt", "first one");
    const range = { offset: 0, length: 5 };
    expect(await (await storage.get("a.txt", { range })).text()).toBe("first");
    await storage.put("a.txt", "other one");
    expect(await (await storage.get("a.txt", { range })).text()).toBe("other");
    expect(await (await storage.get("a.txt")).text()).toBe("other one");
  });

  it("works for formats that are delivered to nobody", async () => {
    const { storage } = await faked({}, { limits: { undeliveredFormats: ["pdf"] } });
    await storage.put("a.pdf", "0123456789");
    expect(await (await storage.get("a.pdf")).text()).toBe("0123456789");
    expect(await (await storage.get("a.pdf", { range: { suffix: 3 } })).text()).toBe("789");
  });

  it("goes on after a connection was cut", async () => {
    const { fake, storage } = await faked();
    const bytes = Buffer.alloc(1_000_000, "0123456789");
    await storage.put("a.bin", bytes);
    fake.fail({
      matches: ({ path }) => path.endsWith("/download"),
      fault: { type: "truncated", afterBytes: 300_000 },
      times: 1,
    });
    expect(Buffer.from(await (await storage.get("a.bin")).bytes()).equals(bytes)).toBe(true);
  });

  it("finds nothing where only a backup is left", async () => {
    const { storage } = await faked({}, { backups: true });
    await storage.put("a.txt", "abc");
    await storage.delete("a.txt");
    expect(await codeOf(storage.get("a.txt"))).toBe("NotFound");
    expect(await storage.exists("a.txt")).toBe(false);
    expect((await storage.listPage()).objects).toHaveLength(0);
    await storage.put("a.txt", "new", { ifNoneMatch: "*" });
    expect(await (await storage.get("a.txt")).text()).toBe("new");
  });

  it("costs no call of the Admin API, but for listings", async () => {
    const { storage } = await faked({}, { limits: { adminCallsPerHour: 0 } });
    await storage.put("a.txt", "abc");
    await storage.head("a.txt");
    await (await storage.get("a.txt")).bytes();
    await storage.copy("a.txt", "b.txt");
    await storage.move("b.txt", "c.txt");
    await storage.delete("a.txt");
    expect(await codeOf(storage.listPage())).toBe("RateLimited");
  });
});

describe("an upload that a client does by itself", () => {
  it("is not there unless it was asked for", async () => {
    const { provider } = await faked();
    expect(provider.signUpload).toBeUndefined();
  });

  it("works by a form, and the form for nothing else", async () => {
    let now = Date.now();
    const { provider, storage } = await faked({ signedUploads: "form" }, { now: () => now });
    const ignored: unknown[] = [];
    const { url, fields, method, expiresAt } = await provider.signUpload!("a b.txt", {
      maxBytes: 100,
      contentType: "text/x-own",
      metadata: { owner: "42" },
      expiresInSeconds: 60,
      onEvent: (event: unknown) => void ignored.push(event),
    });
    expect(method).toBe("POST");
    expect(expiresAt.getTime()).toBeLessThanOrEqual(Date.now() + 60_000);
    const send = async (changed: Record<string, string>): Promise<number> => {
      const form = new FormData();
      for (const [name, value] of Object.entries({ ...fields, ...changed })) form.append(name, value);
      form.append("file", new Blob(["abc"]), "file");
      return (await fetch(url, { method, body: form })).status;
    };
    expect(await send({ public_id: "other.txt" })).toBe(401);
    expect(await send({ overwrite: "0" })).toBe(401);
    expect(await send({ tags: "more" })).toBe(401);
    expect(await send({})).toBe(200);
    expect(await storage.head("a b.txt")).toMatchObject({
      contentType: "text/x-own",
      metadata: { owner: "42" },
    });
    now += 61_000;
    expect(await send({})).toBe(400);
  });

  it("works by a PUT", async () => {
    const { storage } = await faked({ signedUploads: "put" });
    const { url, method, headers } = await storage.signUpload("a.txt", { contentLength: 3 });
    expect((await fetch(url, { method, headers, body: "abc" })).status).toBe(200);
    expect(await (await storage.get("a.txt")).text()).toBe("abc");
    expect((await fetch(url.replace("a.txt", "b.txt"), { method, headers, body: "abc" })).status).toBe(401);
    const createOnly = { contentLength: 3, ifNoneMatch: "*" } as const;
    expect(await codeOf(storage.signUpload("a.txt", createOnly))).toBe("Unsupported");
  });

  it("ends within an hour", async () => {
    const { storage } = await faked({ signedUploads: "form" });
    const options = { maxBytes: 1, expiresInSeconds: 3601 };
    expect(await codeOf(storage.signUpload("a.txt", options))).toBe("InvalidArgument");
  });
});

describe("locate", () => {
  const provider = cloudinary(ACCOUNT);

  it.each([
    [
      "https://res.cloudinary.com/demo/video/upload/v1699999999/stremora/films/abc.mp4",
      "stremora/films/abc@cloudinary-video",
    ],
    [
      "http://res.cloudinary.com/demo/video/upload/stremora/films/abc.mp4",
      "stremora/films/abc@cloudinary-video",
    ],
    [
      "https://res.cloudinary.com/demo/video/upload/c_fill,w_300/q_auto/v12/films/abc.webm?_a=B",
      "films/abc@cloudinary-video",
    ],
    [
      "https://res.cloudinary.com/demo/image/upload/s--vREkFbsY--/e_grayscale/v1/a/photo.png",
      "a/photo@cloudinary-image",
    ],
    ["https://res.cloudinary.com/demo/image/upload/v1/cats/1.jpg.jpg", "cats/1.jpg"],
    ["https://res.cloudinary.com/demo/raw/upload/v1/a/b.txt", "a/b.txt"],
    ["https://demo-res.cloudinary.com/raw/upload/v1/a/b.txt", "a/b.txt"],
    ["cloudinary://demo/raw/upload/aZx20xb", "a b"],
  ])("finds the key of %s", (text, key) => {
    expect(provider.locate(text)).toEqual({ key, provider: "cloudinary", ref: provider.ref(key) });
  });

  it.each([
    ["https://res-2.cloudinary.com/demo/raw/upload/a_b/c.txt", "a_b/c.txt"],
    ["https://res.cloudinary.com/demo/image/upload/my_photos/a.jpg", "my_photos/a@cloudinary-image"],
    ["https://demo-res-3.cloudinary.com/image/upload/v1/a.jpg", "a@cloudinary-image"],
  ])("tells folders from transformations in %s", (text, key) => {
    expect(provider.locate(text)?.key).toBe(key);
  });

  it.each(["logo.v2@cloudinary-image", "logo@cloudinary-image", "film.cut@cloudinary-video", "a.jpg", "a.b"])(
    "finds %s by its own public URL",
    (key) => expect(provider.locate(provider.publicUrl?.(key) ?? "")?.key).toBe(key),
  );

  it.each([
    "https://res.cloudinary.com/other/raw/upload/v1/a.txt",
    "https://res.cloudinary.com/demo/raw/authenticated/v1/a.txt",
    "https://res.cloudinary.com/demo/image/fetch/https://example.com/a.png",
    "https://example.com/demo/raw/upload/v1/a.txt",
    "cloudinary://other/raw/upload/a",
    "demo/raw/upload/a.txt",
    "",
  ])("does not know %s", (text) => expect(provider.locate(text)).toBeUndefined());

  it("finds what others have uploaded, and it is read, listed, replaced and deleted under its key", async () => {
    const { fake, storage, provider: own } = await faked();
    const place = { resourceType: "image", publicId: "stremora/abc" } as const;
    const timestamp = Math.floor(Date.now() / 1000);
    const params = { public_id: place.publicId, timestamp };
    const signature = v2.utils.api_sign_request(params, fake.apiSecret);
    const data = new FormData();
    for (const [name, value] of Object.entries({ ...params, signature, api_key: fake.apiKey })) {
      data.append(name, String(value));
    }
    data.append("file", new Blob([PNG]), "file");
    const uploaded = await fetch(`${fake.url}/v1_1/demo/image/upload`, { method: "POST", body: data });
    const { secure_url: url } = (await uploaded.json()) as { readonly secure_url: string };
    const located = storage.locate(url);
    expect(located?.key).toBe("stremora/abc@cloudinary-image");
    const key = located?.key ?? "";
    expect(Buffer.from(await (await storage.get(key)).bytes()).equals(PNG)).toBe(true);
    expect((await storage.head(key)).contentType).toBe("image/png");
    expect((await storage.listPage()).objects.map((object) => object.key)).toEqual([key]);
    await own.delete(key, {});
    expect(fake.assets()).toHaveLength(0);
  });
});

describe("what Cloudinary makes of images and videos", () => {
  const provider = cloudinary({ ...ACCOUNT, keyPrefix: "p/" });

  it.each([
    [{}, "https://res.cloudinary.com/demo/image/upload/v1/p/cats/1.jpg.jpg"],
    [
      { width: 300, height: 200, crop: "fill", gravity: "face", quality: "auto", format: "auto" },
      "https://res.cloudinary.com/demo/image/upload/c_fill,f_auto,g_face,h_200,q_auto,w_300/v1/p/cats/1.jpg.jpg",
    ],
    [
      { width: 300, format: "webp" },
      "https://res.cloudinary.com/demo/image/upload/c_scale,w_300/v1/p/cats/1.jpg.webp",
    ],
    [
      { raw: "e_grayscale,r_max", version: "17" },
      "https://res.cloudinary.com/demo/image/upload/e_grayscale,r_max/v17/p/cats/1.jpg.jpg",
    ],
  ] as const)("%j has the URL %s", async (options, url) => {
    expect(await transformUrl(provider, "cats/1.jpg", options)).toBe(url);
  });

  it("is signed where that is wanted, and the fake delivers it to nobody else", async () => {
    const { fake, provider: own, storage } = await faked();
    await storage.put("cats/1.png", PNG);
    const url = await transformUrl(own, "cats/1.png", { width: 10, signed: true });
    expect(url).toMatch(/\/s--[A-Za-z0-9_-]{8}--\/c_scale,w_10\/v1\/cats\/1\.png\.png$/);
    expect((await fetch(url)).status).toBe(200);
    expect((await fetch(url.replace("w_10", "w_11"))).status).toBe(401);
    expect(fake.assets()).toHaveLength(1);
  });

  it("has a still picture of a video", async () => {
    expect(await posterUrl(provider, "films/1.mp4", { atSeconds: 2.5, width: 320 })).toBe(
      "https://res.cloudinary.com/demo/video/upload/c_scale,so_2.5,w_320/v1/p/films/1.mp4.jpg",
    );
  });

  it("has a picture of a video in the browser's format too, and none of what is stored raw", async () => {
    expect(await posterUrl(provider, "films/1.mp4", { format: "auto" })).toBe(
      "https://res.cloudinary.com/demo/video/upload/f_auto/v1/p/films/1.mp4.jpg",
    );
    expect(await posterUrl(provider, "films/1.mp4", { format: undefined })).toMatch(/\.mp4\.jpg$/);
    expect(await codeOf(posterUrl(provider, "a.txt"))).toBe("Unsupported");
  });

  it.each<object>([
    { width: 0 },
    { height: -1 },
    { version: "new" },
    { raw: "a?b" },
    { quality: 1000 },
    { format: "../x" },
    { gravity: "a/b,c" },
    { atSeconds: Infinity },
  ])("refuses %j", async (options) => {
    await expect(transformUrl(provider, "a.jpg", options)).rejects.toBeInstanceOf(TypeError);
  });
});

describe("renameObject", () => {
  it("keeps the facts, and replaces nothing unless it is told to", async () => {
    const { fake, provider, storage } = await faked();
    await storage.put("a.txt", "abc", { metadata: { owner: "42" } });
    await storage.put("b.txt", "other");
    expect(await codeOf(renameObject(provider, "a.txt", "b.txt"))).toBe("AlreadyExists");
    const before = fake.requests.length;
    const info = await renameObject(provider, "a.txt", "c.txt");
    // The answer to a renaming has no facts in it.
    expect(fake.requests).toHaveLength(before + 2);
    expect(info).toMatchObject({ key: "c.txt", metadata: { owner: "42" } });
    await renameObject(provider, "c.txt", "b.txt", { overwrite: true });
    expect(await (await storage.get("b.txt")).text()).toBe("abc");
    expect(await codeOf(renameObject(provider, "none", "d"))).toBe("NotFound");
  });

  it("copies and deletes where the kind is another", async () => {
    const { provider, storage } = await faked();
    await storage.put("a.bin", PNG);
    await renameObject(provider, "a.bin", "a.png");
    expect(await storage.exists("a.bin")).toBe(false);
    expect(Buffer.from(await (await storage.get("a.png")).bytes()).equals(PNG)).toBe(true);
  });
});

describe("importFrom", () => {
  it("has Cloudinary fetch what a signed URL gives, and nothing that is no URL of the Web", async () => {
    const { provider, storage } = await faked();
    await storage.put("a.txt", "abc");
    const info = await provider.importFrom?.("b.txt", await storage.signedUrl("a.txt"), {
      contentType: "text/x",
    });
    expect(info).toMatchObject({ key: "b.txt", size: 3, contentType: "text/x" });
    for (const url of ["/etc/passwd", "s3://bucket/key", "data:text/plain,abc", "file:///etc/passwd"]) {
      expect(await codeOf(provider.importFrom?.("c.txt", url, {}) ?? Promise.resolve())).toBe(
        "InvalidArgument",
      );
    }
    const missing = await storage.signedUrl("none.txt");
    expect(await codeOf(provider.importFrom?.("c.txt", missing, {}) ?? Promise.resolve())).toBe(
      "Unavailable",
    );
  });
});

describe("a notification", () => {
  const provider = cloudinary({ ...ACCOUNT, keyPrefix: "p/" });
  const body = JSON.stringify({
    notification_type: "upload",
    public_id: "p/cats/1.png",
    resource_type: "image",
    bytes: 70,
  });

  async function sent(content = body, age = 0): Promise<{ headers: Record<string, string>; body: string }> {
    const { createHash } = await import("node:crypto");
    const timestamp = String(Math.floor(Date.now() / 1000) - age);
    const signature = createHash("sha1")
      .update(content + timestamp + ACCOUNT.apiSecret)
      .digest("hex");
    return { headers: { "X-Cld-Timestamp": timestamp, "X-Cld-Signature": signature }, body: content };
  }

  it("says what it is about", async () => {
    const notification = await parseNotification(provider, await sent());
    expect(notification).toMatchObject({ type: "upload", keys: ["cats/1.png"] });
    const { headers, body: text } = await sent();
    expect(
      (await parseNotification(provider, { headers: new Headers(headers), body: text })).keys,
    ).toHaveLength(1);
  });

  it("says both names of what was renamed, and takes what makes no sense for nothing", async () => {
    const renamed = { notification_type: "rename", from_public_id: "p/a.png", to_public_id: "p/b.png" };
    const content = JSON.stringify({ ...renamed, resource_type: "image", type: "upload" });
    expect((await parseNotification(provider, await sent(content))).keys).toEqual(["a.png", "b.png"]);
    const odd = JSON.stringify({ notification_type: "delete", resources: [null, 1, {}] });
    expect((await parseNotification(provider, await sent(odd))).keys).toEqual([]);
    const isParsed = { ...(await sent()), body: {} as never };
    await expect(parseNotification(provider, isParsed)).rejects.toThrow("not the parsed JSON");
  });

  it("is refused when it is unsigned, changed, old or no JSON", async () => {
    const good = await sent();
    for (const bad of [
      { ...good, headers: {} },
      { ...good, body: body.replace("70", "71") },
      { ...good, headers: { ...good.headers, "X-Cld-Signature": createHmac("sha1", "x").digest("hex") } },
      await sent(body, 7201),
      await sent(body, -1000),
    ]) {
      expect(await codeOf(parseNotification(provider, bad))).toBe("Unauthenticated");
    }
    expect(await codeOf(parseNotification(provider, await sent("no JSON")))).toBe("InvalidArgument");
    for (const maxAgeSeconds of [Number.NaN, 0, "2h" as never]) {
      const old = await sent(body, 7201);
      await expect(parseNotification(provider, old, { maxAgeSeconds })).rejects.toThrow(TypeError);
    }
    expect((await parseNotification(provider, await sent(body, 7201), { maxAgeSeconds: 8000 })).type).toBe(
      "upload",
    );
  });
});

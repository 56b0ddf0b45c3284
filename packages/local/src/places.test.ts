import { mkdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { LAYOUTS, folder, isThere, open, put, text } from "./testing/disk.test-support.js";
import { oddKeys } from "./testing/odd-keys.test-support.js";

const KEYS = oddKeys();

describe.each(LAYOUTS)("refs in the %s layout", (layout) => {
  it("lead back to their keys, for every key that the layout holds", () => {
    const provider = open("/srv/up loads#1", { layout });
    for (const key of KEYS) {
      const ref = provider.ref(key);
      expect(ref).toMatch(/^file:\/\/\/srv\/up%20loads%231\/[\x21-\x7e]*$/);
      const held =
        layout === "portable" ||
        (!key.startsWith(".stowage") && key.split("/").every((part) => Buffer.byteLength(part) <= 255));
      expect(provider.locate(ref)).toEqual(held ? { key, provider: "local", ref } : undefined);
    }
  });

  it("are the URLs of the very files", async () => {
    const root = await folder();
    const provider = open(root, { layout });
    for (const key of ["a b/c#d?.txt", "ü/100%.bin", "x".repeat(layout === "plain" ? 255 : 400)]) {
      const { ref } = await put(provider, key, "x");
      expect(ref).toBe(provider.ref(key));
      expect(await isThere(fileURLToPath(ref))).toBe(true);
    }
  });

  it("lead back from the path of the file, too", async () => {
    const provider = open("/srv/uploads", { layout });
    for (const key of ["a/b", "ü 1/100%.bin", "a?b#c"]) {
      expect(provider.locate(fileURLToPath(provider.ref(key)))?.key).toBe(key);
    }
  });

  it("ignore a query string and a fragment", () => {
    const provider = open("/srv/uploads", { layout });
    expect(provider.locate(`${provider.ref("a?b/c")}?version=2#top`)?.key).toBe("a?b/c");
  });

  it("carry the name of the provider", () => {
    const provider = open("/srv/uploads", { layout, name: "disk" });
    expect(provider.locate(provider.ref("a"))?.provider).toBe("disk");
  });

  it("are of one root only", () => {
    const provider = open("/srv/uploads", { layout });
    for (const other of ["/srv/upload", "/srv/uploads2", "/srv", "/srv/uploads/deeper"]) {
      const located = provider.locate(open(other, { layout }).ref("a/b"));
      expect([other, located?.key]).toEqual([
        other,
        other === "/srv/uploads/deeper" && layout === "plain" ? "deeper/a/b" : undefined,
      ]);
    }
  });

  it.each([
    "",
    "/",
    "a/b",
    "/srv/uploads",
    "/srv/uploads/",
    "file:///srv/uploads",
    "file:///srv/uploads/",
    "/srv/uploads/../etc/passwd",
    "/srv/uploads/a/../../../etc/passwd",
    "file:///srv/uploads/../etc/passwd",
    "file:///srv/uploads/%2e%2e/etc/passwd",
    "file:///srv/uploads/..%2fetc%2fpasswd",
    "file:///srv/uploads/a%2Fb",
    "file:///srv/uploads/a%00b",
    "file:///srv/uploads/a%0Ab",
    "file:///srv/uploads/%",
    "file:///srv/uploads/%FF",
    "file://host/srv/uploads/a",
    "file://srv/uploads/a",
    "http://srv/uploads/a",
    "/srv/uploads//a",
    "/srv/uploads/a/",
    "/srv/uploads/./a",
    "/srv/uploads/a\\b",
    "/srv/uploads/\ud800",
    "/srv/uploads/.stowage/layout.json",
    "file:///srv/uploads/.Stowage/tmp/x",
    "javascript:alert(1)",
  ])("are never found in %j", (hostile) => {
    expect(open("/srv/uploads", { layout }).locate(hostile)).toBeUndefined();
  });
});

describe("paths in the portable layout", () => {
  it.each([
    "a",
    "objects",
    "objects/%61",
    "objects/a b",
    "objects/a%",
    "meta/a",
    "objects/../objects/a",
    "objects/con",
  ])("that no object has are not found: %s", (path) => {
    expect(open("/srv/uploads", { layout: "portable" }).locate(`/srv/uploads/${path}`)).toBeUndefined();
  });
});

describe("public URLs", () => {
  const publicBaseUrl = "https://cdn.example.com/files/";

  it("are missing without a base", () => {
    expect(open("/srv/uploads").publicUrl).toBeUndefined();
  });

  it.each(["https://cdn.example.com/files", publicBaseUrl])("lead back to their keys (base %s)", (base) => {
    const provider = open("/srv/uploads", { publicBaseUrl: base, layout: "portable" });
    for (const key of KEYS) {
      const url = provider.publicUrl?.(key) ?? "";
      expect(url.startsWith(publicBaseUrl)).toBe(true);
      expect(new URL(url).search + new URL(url).hash).toBe("");
      expect(provider.locate(`${url}?download=1#t=5`)?.key).toBe(key);
    }
  });

  it.each([
    "https://cdn.example.com/files/",
    "https://cdn.example.com/files/../secret",
    "https://cdn.example.com/files/%2e%2e/secret",
    "https://cdn.example.com/files/a%5Cb",
    "https://cdn.example.com/files/a//b",
    "https://cdn.example.com/files/%E0%A4%A",
    "https://cdn.example.com/files/.stowage/x",
    "https://cdn.example.com/filesystem/a",
    "https://cdn.example.com.evil.example/files/a",
    "http://cdn.example.com/files/a",
  ])("are not found in %s", (url) => {
    expect(open("/srv/uploads", { publicBaseUrl }).locate(url)).toBeUndefined();
  });
});

describe("a key prefix", () => {
  it("is a part of the root: keys, listings, refs and files have it or not, as they should", async () => {
    const root = await folder();
    const provider = open(root, { keyPrefix: "uploads/", publicBaseUrl: "https://cdn.example.com" });
    const { key, ref } = await put(provider, "a/b", "x");
    expect([key, ref]).toEqual(["a/b", pathToFileURL(join(root, "uploads/a/b")).href]);
    expect(provider.locate(ref)?.key).toBe("a/b");
    expect(provider.locate(pathToFileURL(join(root, "elsewhere/a")).href)).toBeUndefined();
    expect((await provider.list({})).objects.map((object) => object.key)).toEqual(["a/b"]);
    expect(await text(open(root), "uploads/a/b")).toBe("x");
  });
});

describe("a ref that was stored", () => {
  it("is not that of the object when its root has moved, but its key is the same in the new root", async () => {
    const above = await folder();
    await mkdir(join(above, "old"));
    const { ref } = await put(open(join(above, "old")), "a", "x");
    await rename(join(above, "old"), join(above, "new"));
    const provider = open(join(above, "new"));
    expect(provider.locate(ref)).toBeUndefined();
    expect(await text(provider, "a")).toBe("x");
  });
});

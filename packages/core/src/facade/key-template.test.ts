import { Readable } from "node:stream";
import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createStorage } from "./create-storage.js";
import { isStorageError } from "../contract/errors.js";
import { keyTemplate } from "./key-template.js";
import { memory } from "../memory/memory.js";
import { openFiles, patterned, pieces, rejection, streamOf } from "../testing/streams.test-support.js";

const date = new Date("2026-03-04T05:06:07.089Z");

afterEach(() => {
  vi.useRealTimers();
});

describe("a key template", () => {
  it("fills its placeholders", () => {
    const { key } = keyTemplate("videos/{videoId}/{name}_{quality}.{ext}");
    expect(key({ videoId: 42, name: "intro", quality: "720p", ext: "mp4" })).toBe("videos/42/intro_720p.mp4");
  });

  it("fills a placeholder wherever it stands", () => {
    expect(keyTemplate("{a}/{b}/{a}").key({ a: "x", b: "y" })).toBe("x/y/x");
  });

  it("knows dates, in UTC and padded with zeros", () => {
    const { key } = keyTemplate("{year}/{month}/{day}/{hour}_{timestamp}");
    expect(key({}, { date })).toBe(`2026/03/04/05_${date.getTime()}`);
  });

  it("takes the present when no date is given", () => {
    vi.useFakeTimers({ now: date, toFake: ["Date"] });
    expect(keyTemplate("{year}-{timestamp}").key({})).toBe(`2026-${date.getTime()}`);
  });

  it("does not let values replace what it computes", () => {
    const values = { year: "1999", name: "a" } as { name: string };
    expect(keyTemplate("{year}/{name}").key(values, { date })).toBe("2026/a");
  });

  it("takes values literally", () => {
    const { key } = keyTemplate("{a}_{b}");
    expect(key({ a: "{b}", b: "$& $1 %2f" })).toBe("{b}_$& $1 %2f");
  });

  it("shows the digest of a given text as {hash}", () => {
    const digest = createHash("sha256").update("https://example.org/a").digest("hex").slice(0, 32);
    expect(keyTemplate("{hash}.jpg").key({ hash: "https://example.org/a" })).toBe(`${digest}.jpg`);
  });

  it.each(["{", "}", "a{b", "a}b", "{}", "{a-b}", "{{a}}", "{1}", "{a b}"])(
    "with a brace of no placeholder is a TypeError: %s",
    (template) => {
      expect(() => keyTemplate(template)).toThrow(TypeError);
    },
  );

  it.each([
    ["a missing value", {}],
    ["null", { id: null }],
    ["an object", { id: {} }],
    ["a boolean", { id: true }],
    ["a number that is none", { id: Number.NaN }],
    ["an infinite number", { id: Number.POSITIVE_INFINITY }],
  ])("refuses %s with a TypeError", (_, values) => {
    expect(() => keyTemplate("videos/{id}").key(values as never)).toThrow(TypeError);
  });

  it("refuses a name that every object has, when it has no value", () => {
    expect(() => keyTemplate("{constructor}").key({} as never)).toThrow(TypeError);
  });

  it("refuses a missing text for {hash} with a TypeError", () => {
    expect(() => keyTemplate("{hash}").key({} as never)).toThrow(TypeError);
  });

  it("refuses a date that is none with a TypeError", () => {
    expect(() => keyTemplate("{year}").key({}, { date: new Date("no") })).toThrow(TypeError);
  });

  it.each([
    ["a slash", "a/b"],
    ["nothing", ""],
    ["two dots", ".."],
    ["a backslash", "a\\b"],
    ["a line break", "a\nb"],
    ["more than fits", "a".repeat(1025)],
    ["text that is not well-formed", "\ud800"],
  ])("refuses a value of %s with InvalidKey", (_, id) => {
    expect(() => keyTemplate("videos/{id}/x").key({ id })).toThrow(
      expect.objectContaining({ code: "InvalidKey" }),
    );
  });
});

describe("a key template for a body", () => {
  const bytes = patterned(2_500_000);
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 32);
  const template = keyTemplate("{year}/{month}/{day}/{hash}_{timestamp}.{ext}");
  const expected = `2026/03/04/${hash}_${date.getTime()}.bin`;

  it.each([
    ["bytes", () => bytes],
    ["a Blob", () => new Blob([bytes])],
    ["a stream", () => streamOf(bytes)],
    ["a function", () => () => streamOf(bytes)],
    ["a generator", () => ReadableStream.from(pieces(bytes, 5000)) as ReadableStream<Uint8Array>],
  ])("names %s by the digest of its bytes and hands the body back", async (_, make) => {
    const made = await template.forBody(make(), { ext: "bin" }, { date });
    expect(made.key).toBe(expected);
    const storage = createStorage(memory());
    await storage.put(made.key, made.body);
    await made.release();
    expect(bytes.equals(await (await storage.get(made.key)).bytes())).toBe(true);
  });

  it("keeps a one-shot stream so that it can be put again", async () => {
    const made = await template.forBody(streamOf(bytes), { ext: "bin" }, { date });
    const storage = createStorage(memory());
    for (const key of ["a", "b"]) expect((await storage.put(key, made.body)).size).toBe(bytes.byteLength);
    await made.release();
  });

  it("leaves no temporary file after release", async () => {
    const before = await spools();
    const made = await template.forBody(streamOf(bytes), { ext: "bin" });
    await made.release();
    expect(await spools()).toEqual(before);
  });

  it("leaves no temporary file when the key turns out wrong", async () => {
    const before = await spools();
    const error = await rejection(template.forBody(streamOf(bytes), { ext: "a/b" }));
    expect(isStorageError(error, "InvalidKey")).toBe(true);
    expect(await spools()).toEqual(before);
  });

  it("rejects with SourceError when the body fails", async () => {
    const broken = (async function* () {
      yield "x";
      throw new Error("broken");
    })();
    expect(isStorageError(await rejection(template.forBody(broken, { ext: "bin" })), "SourceError")).toBe(
      true,
    );
  });

  it("refuses a body above maxBytes, and leaves nothing behind", async () => {
    const before = await spools();
    const stream = Readable.from([Buffer.alloc(2_000_000), Buffer.alloc(2_000_000)], { objectMode: false });
    const made = template.forBody(stream, { ext: "bin" }, { maxBytes: 3_000_000 });
    expect(isStorageError(await rejection(made), "TooLarge")).toBe(true);
    expect(await spools()).toEqual(before);
  });

  it("knows the length of a body that can be read again", async () => {
    const made = await template.forBody(new Blob([bytes]), { ext: "bin" });
    const progress: (number | undefined)[] = [];
    const onProgress = ({ total }: { total?: number | undefined }): void => void progress.push(total);
    await createStorage(memory()).put(made.key, made.body, { onProgress });
    expect(progress[0]).toBe(bytes.byteLength);
  });
});

async function spools(): Promise<readonly string[]> {
  const named = (await readdir(tmpdir())).filter((name) => name.startsWith("stowage-spool-"));
  return [...named, ...(await openFiles("stowage-spool-"))];
}

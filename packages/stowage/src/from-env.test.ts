import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memory, memoryJournal, type FileStorage, type StorageProvider } from "@stowage/core";
import { intercept, StorageError } from "@stowage/core/provider";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fromEnv, type FromEnvOptions } from "./from-env.js";
import type { Environment } from "./variables.js";

const QUICK = { graceMs: 200, settleMs: 200, keepDeletesMs: 0 };

let home: string;
/** Stands for the bucket. Its objects outlive every restart. */
let bucket: StorageProvider;
let isDown = false;
let open: FileStorage | undefined;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "stowage-env-"));
  isDown = false;
  const inner = memory({ name: "s3" });
  bucket = intercept(inner, {
    type: "mortal",
    around: async ({ operation, key }, next) => {
      if (!isDown) return await next();
      throw new StorageError("Unavailable", "it is down", { operation, key, provider: "s3" });
    },
  });
});

afterEach(async () => {
  await open?.close();
  open = undefined;
  await rm(home, { recursive: true, force: true });
});

/** Starts the application anew, with these variables. */
async function start(env: Environment): Promise<FileStorage> {
  await open?.close();
  open = await fromEnv(
    { STORAGE_DIR: join(home, "videos"), AWS_S3_BUCKET: "videos", AWS_REGION: "eu-central-1", ...env },
    { composer: QUICK, wrap: (provider) => (provider.name === "s3" ? bucket : provider) },
  );
  return open;
}

async function textOf(storage: FileStorage, key: string): Promise<string> {
  return await (await storage.get(key)).text();
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  return await call.then(
    () => "none",
    (error: unknown) => (error instanceof StorageError ? error.code : String(error)),
  );
}

async function providersOf(storage: FileStorage, prefix: string): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (let index = 0; index < 40; index++) {
    const { provider } = await storage.put(`${prefix}/${index}`, "x");
    counts[provider] = (counts[provider] ?? 0) + 1;
  }
  return counts;
}

describe("a rollout by the environment", () => {
  it("goes from the folder to the bucket in steps and back, and everything stays readable and deletable", async () => {
    let storage = await start({ STORAGE_MODE: "local" });
    expect(await providersOf(storage, "a")).toEqual({ local: 40 });
    storage = await start({ STORAGE_MODE: "hybrid", S3_SPLIT_PERCENTAGE: "50" });
    const half = await providersOf(storage, "b");
    expect(half["s3"]).toBeGreaterThan(5);
    expect(half["local"]).toBeGreaterThan(5);
    storage = await start({ STORAGE_MODE: "s3", S3_SPLIT_PERCENTAGE: "50" });
    expect(await providersOf(storage, "c")).toEqual({ s3: 40 });
    storage = await start({ STORAGE_MODE: "local", S3_SPLIT_PERCENTAGE: "50" });
    expect(await providersOf(storage, "d")).toEqual({ local: 40 });
    for (const prefix of ["a", "b", "c", "d"]) {
      for (let index = 0; index < 40; index++) expect(await textOf(storage, `${prefix}/${index}`)).toBe("x");
    }
    await storage.put("c/1", "new");
    expect(await textOf(storage, "c/1")).toBe("new");
    await storage.delete("c/2");
    expect(await storage.exists("c/2")).toBe(false);
  });

  it("remembers through a change of mode what the bucket has missed", async () => {
    let storage = await start({ STORAGE_MODE: "s3" });
    await storage.put("a", "old");
    isDown = true;
    storage = await start({ STORAGE_MODE: "hybrid", S3_SPLIT_PERCENTAGE: "0" });
    await storage.delete("a");
    storage = await start({ STORAGE_MODE: "local" });
    isDown = false;
    expect(await storage.exists("a")).toBe(false);
    await storage.startRepair().idle();
    expect(await codeOf(bucket.head("a", {}))).toBe("NotFound");
  });

  it("does without a folder that was removed after the last step", async () => {
    let storage = await start({ STORAGE_MODE: "local" });
    const { ref } = await storage.put("old", "x");
    storage = await start({ STORAGE_MODE: "s3" });
    await storage.put("new", "x");
    await open?.close();
    open = undefined;
    await rm(join(home, "videos"), { recursive: true });
    storage = await start({ STORAGE_MODE: "s3" });
    expect(await textOf(storage, "new")).toBe("x");
    expect(await codeOf(storage.head("missing"))).toBe("NotFound");
    expect(await codeOf(storage.at(ref).head())).toBe("NotFound");
    await storage.put("newer", "x");
    expect((await storage.health()).reasons).toEqual([]);
  });

  it("does not take an emptied mount point for a folder that was removed", async () => {
    let storage = await start({ STORAGE_MODE: "local" });
    await storage.put("old", "x");
    await open?.close();
    open = undefined;
    await rm(join(home, "videos"), { recursive: true });
    await mkdir(join(home, "videos"));
    storage = await start({ STORAGE_MODE: "s3" });
    expect(await codeOf(storage.head("old"))).toBe("Unavailable");
  });
});

describe("a mirror by the environment", () => {
  it("works without a bucket, and fills one that is added later", async () => {
    let storage = await start({ AWS_S3_BUCKET: undefined, USE_S3: "false" });
    await storage.put("a", "x");
    storage = await start({ USE_S3: "true" });
    await storage.startRepair().idle();
    expect((await bucket.head("a", {})).size).toBe(1);
  });

  it("switches the bucket off and on again by USE_S3", async () => {
    let storage = await start({ USE_S3: "true" });
    await storage.put("a", "1");
    storage = await start({ USE_S3: "false" });
    await storage.put("a", "2");
    await storage.put("b", "2");
    expect(await codeOf(bucket.head("b", {}))).toBe("NotFound");
    expect((await storage.health()).reasons).toEqual([expect.stringContaining("USE_S3=false")]);
    storage = await start({ USE_S3: "true" });
    await storage.startRepair().idle();
    expect((await bucket.head("b", {})).size).toBe(1);
  });
});

describe("one store", () => {
  it("is used alone, and has no journal", async () => {
    const storage = await start({ AWS_S3_BUCKET: undefined });
    const { provider } = await storage.put("a", "x");
    expect(provider).toBe("local");
    expect(await readdir(home)).toEqual(["videos"]);
  });
});

describe("options", () => {
  it("that do not exist are refused, also those of the composer", async () => {
    const env = { STORAGE_DIR: join(home, "videos") };
    const wrong = { composer: { overwrites: "may-be-stale" } } as unknown as FromEnvOptions;
    await expect(fromEnv(env, wrong)).rejects.toThrow(/fromEnv: composer.*overwrites/);
    await expect(fromEnv(env, { onevent: () => {} } as unknown as FromEnvOptions)).rejects.toThrow(/onEvent/);
  });

  it("let a chain without a journal overwrite", async () => {
    const env = { AWS_S3_BUCKET: "videos", AWS_REGION: "eu-central-1", STORAGE_DIR: join(home, "videos") };
    const wrap = (provider: StorageProvider): StorageProvider => (provider.name === "s3" ? bucket : provider);
    open = await fromEnv({ ...env, STORAGE_JOURNAL: "none" }, { wrap, overwrites: "may-be-stale" });
    await open.put("a", "1");
    await open.put("a", "22");
    expect((await open.head("a")).size).toBe(2);
  });
});

describe("a rollout whose bucket is down", () => {
  it("has the folder take the share of the bucket", async () => {
    const storage = await start({ STORAGE_MODE: "hybrid", S3_SPLIT_PERCENTAGE: "100" });
    await storage.put("a", "x");
    isDown = true;
    expect((await storage.put("b", "x")).provider).toBe("local");
  });

  it("refuses writes in mode s3, whose folder may be gone with its container", async () => {
    const storage = await start({ STORAGE_MODE: "s3" });
    isDown = true;
    expect(await codeOf(storage.put("b", "x"))).toBe("Unavailable");
  });
});

describe("a start that fails", () => {
  it("leaves no journal open", async () => {
    const journal = memoryJournal();
    let closed = 0;
    const counted = { ...journal, close: async () => void closed++ };
    const env = { STORAGE_DIR: join(home, "videos"), AWS_S3_BUCKET: "videos", AWS_REGION: "eu-central-1" };
    const askMs = -1;
    await expect(fromEnv(env, { journal: counted, composer: { askMs } })).rejects.toThrow("askMs");
    expect(closed).toBe(1);
  });
});

describe("close", () => {
  it("closes the journal last, also when it is called twice", async () => {
    const storage = await start({ USE_S3: "true" });
    await storage.put("a", "x");
    await storage.close();
    await storage.close();
    expect(await codeOf(storage.put("b", "x"))).toBe("Unavailable");
  });
});

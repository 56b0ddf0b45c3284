import { createStorage, isStorageError, type StorageProvider } from "@stowage/core";
import { toBody } from "@stowage/core/provider";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { local } from "../local.js";
import { below, pick, randomNumbers } from "./random.test-support.js";
import { VERSION_KEYS, versionOf } from "./versions.test-support.js";

/** What only a process of its own can try: limits, rights, mounts, and being killed. */
export type ScenarioName =
  | "write"
  | "createOnly"
  | "putAndDelete"
  | "fewDescriptors"
  | "smallFiles"
  | "fullDisk"
  | "readOnlyDisk"
  | "unmounted"
  | "uncovered"
  | "unmountedUnderLoad"
  | "overlay"
  | "withoutRights"
  | "longStream";

const SCENARIOS: Readonly<Record<ScenarioName, (...args: never[]) => Promise<unknown>>> = {
  write,
  createOnly,
  putAndDelete,
  fewDescriptors,
  smallFiles,
  fullDisk,
  readOnlyDisk,
  unmounted,
  uncovered,
  unmountedUnderLoad,
  overlay,
  withoutRights,
  longStream,
};

async function put(
  provider: StorageProvider,
  key: string,
  input: string | Uint8Array,
  metadata?: Record<string, string>,
) {
  return await provider.put(key, await toBody(input), { metadata });
}

async function code(work: Promise<unknown>): Promise<string> {
  return await work.then(
    () => "done",
    (error: unknown) => (isStorageError(error) ? error.code : String(error)),
  );
}

async function keys(provider: StorageProvider): Promise<readonly string[]> {
  return (await provider.list({})).objects.map(({ key }) => key);
}

function print(value: unknown): void {
  fs.writeSync(1, `${JSON.stringify(value)}\n`);
}

async function ready(): Promise<void> {
  print("ready");
  for await (const _ of createInterface({ input: process.stdin })) return;
}

/** Replaces objects for ever, and says what it has done. Ends by being killed. */
async function write(root: string, durability: string, from: string, seed: string): Promise<never> {
  const provider = local({ root, durability: durability as "fsync" });
  const random = randomNumbers(Number(seed));
  await Promise.all(
    VERSION_KEYS.map(async (key, index) => {
      for (let number = Number(from) + index; ; number += VERSION_KEYS.length) {
        const { bytes, metadata } = versionOf(number);
        const isOneOff = below(4, random) === 0;
        await put(provider, key, bytes, metadata);
        if (isOneOff) await put(provider, `once/${number}`, bytes, metadata);
        print({ key, number, once: isOneOff ? `once/${number}` : undefined });
      }
    }),
  );
  throw new Error("Nobody killed this process");
}

/** Tries to be the first to make each of many objects. @returns The numbers of those that it made. */
async function createOnly(root: string, layout: string, count: string, who: string): Promise<number[]> {
  const provider = local({ root, layout: layout as "plain" });
  await ready();
  const made: number[] = [];
  for (let number = 0; number < Number(count); number++) {
    const body = await toBody(who);
    const result = await code(provider.put(`key/${number}`, body, { ifNoneMatch: "*", metadata: { who } }));
    if (result === "done") made.push(number);
    else if (result !== "AlreadyExists") throw new Error(result);
  }
  return made;
}

/** Puts and deletes objects in folders that come and go. @returns Every failure, and what should be there. */
async function putAndDelete(
  root: string,
  count: string,
  who: string,
  seed: string,
  check: string,
): Promise<unknown> {
  const provider = local({ root, durability: "rename", symlinkCheck: check as "descriptor" });
  const random = randomNumbers(Number(seed));
  await ready();
  const failures: string[] = [];
  const there = new Set<string>();
  for (let round = 0; round < Number(count); round++) {
    const key = `${pick(["a", "a/b", "a/b/c"], random)}/${who}${below(2, random)}.txt`;
    const isPut = below(2, random) === 0;
    const result = await code(isPut ? put(provider, key, key) : provider.delete(key, {}));
    if (result !== "done") failures.push(`${isPut ? "put" : "delete"}: ${result}`);
    if (isPut) there.add(key);
    else there.delete(key);
    const seen = await code(provider.head(key, {}));
    if (seen !== (isPut ? "done" : "NotFound"))
      failures.push(`head after ${isPut ? "put" : "delete"}: ${seen}`);
  }
  await provider.close?.();
  return { failures, there: [...there] };
}

/** Runs under a low limit of open files. */
async function fewDescriptors(root: string): Promise<unknown> {
  const provider = local({ root });
  await put(provider, "before/a", "before", { a: "b" });
  const taken: number[] = [];
  try {
    for (;;) taken.push(fs.openSync("/dev/null", "r"));
  } catch {
    // That was the last one.
  }
  const calls = [
    put(provider, "c", "d"),
    provider.get("before/a", {}),
    provider.list({}),
    provider.delete("before/a", { ifMatch: "x" }),
  ];
  const without = await Promise.all(calls.map(code));
  for (const fd of taken) fs.closeSync(fd);
  const after = [await code(put(provider, "c", "d")), await code(provider.get("before/a", {}))];
  return { without, after, keys: await keys(provider), left: fs.readdirSync(join(root, ".stowage/tmp")) };
}

/** Runs under a low limit of the size of a file, in bytes. */
async function smallFiles(root: string, limit: string): Promise<unknown> {
  const provider = local({ root });
  await put(provider, "a", "small");
  const bytes = new Uint8Array(Number(limit) + 1);
  async function* stream(): AsyncGenerator<Uint8Array, void, undefined> {
    yield bytes;
  }
  const outcomes = [
    await code(put(provider, "a", bytes)),
    await code(provider.put("b", await toBody(stream()), {})),
  ];
  const { size } = await provider.head("a", {});
  return { outcomes, size, keys: await keys(provider), left: fs.readdirSync(join(root, ".stowage/tmp")) };
}

function system(program: string, ...args: readonly string[]): void {
  execFileSync(program, args);
}

/** A disk of 1 MiB. */
async function fullDisk(root: string): Promise<unknown> {
  system("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", root);
  const provider = local({ root });
  await put(provider, "a", "small", { a: "b" });
  const bytes = new Uint8Array(2 * 1024 * 1024);
  async function* stream(): AsyncGenerator<Uint8Array, void, undefined> {
    for (let sent = 0; sent < 32; sent++) yield bytes.subarray(0, 64 * 1024);
  }
  const outcomes = [
    await code(put(provider, "a", bytes)),
    await code(provider.put("b/c", await toBody(stream()), {})),
  ];
  const after = await code(put(provider, "d", new Uint8Array(500_000)));
  const { metadata } = await provider.head("a", {});
  return {
    outcomes,
    after,
    metadata,
    keys: await keys(provider),
    left: fs.readdirSync(join(root, ".stowage/tmp")),
  };
}

async function readOnlyDisk(root: string): Promise<unknown> {
  system("mount", "-t", "tmpfs", "tmpfs", root);
  const writer = local({ root });
  await put(writer, "a", "content", { a: "b" });
  await writer.close?.();
  system("mount", "-o", "remount,bind,ro", root);
  const provider = local({ root });
  const writes = [
    await code(put(provider, "c", "d")),
    await code(provider.delete("a", {})),
    await code(provider.copy?.("a", "e", {}) ?? Promise.resolve()),
  ];
  const { info } = await provider.get("a", {});
  return { writes, metadata: info.metadata, keys: await keys(provider) };
}

async function everyVerb(provider: StorageProvider): Promise<string[]> {
  const calls = [
    () => provider.get("a", {}),
    () => provider.head("a", {}),
    () => provider.list({}),
    () => provider.delete("a", {}),
    () => put(provider, "b/c", "new"),
    () => provider.copy?.("a", "d", {}) ?? Promise.resolve(),
  ];
  const found: string[] = [];
  for (const call of calls) found.push(await code(call()));
  return found;
}

/** Waits until nothing below a path is open: a disk in use cannot be unmounted. */
async function idle(path: string): Promise<void> {
  const isBelow = (fd: string): boolean => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${fd}`).startsWith(path);
    } catch {
      return false;
    }
  };
  while (fs.readdirSync("/proc/self/fd").some(isBelow))
    await new Promise((resolve) => setTimeout(resolve, 5));
}

/** A disk that is unmounted while a provider is open, and mounted again. */
async function unmounted(root: string, check: string): Promise<unknown> {
  const [disk, point] = [join(root, "disk"), join(root, "point")];
  for (const path of [disk, point]) fs.mkdirSync(path);
  system("mount", "--bind", disk, point);
  const provider = local({ root: point, create: true, symlinkCheck: check as "descriptor" });
  await put(provider, "a", "content");
  await idle(point);
  system("umount", point);
  const without = await everyVerb(provider);
  const written = fs.readdirSync(point);
  system("mount", "--bind", disk, point);
  const again = await everyVerb(provider);
  return { without, written, again };
}

/** A disk that is unmounted and uncovers a folder in which somebody has worked before. */
async function uncovered(root: string, check: string): Promise<unknown> {
  const symlinkCheck = check as "descriptor";
  await put(local({ root, symlinkCheck }), "below", "content");
  system("mount", "-t", "tmpfs", "tmpfs", root);
  const provider = local({ root, symlinkCheck });
  await put(provider, "a", "content");
  system("umount", "--lazy", root);
  // An opened folder is trusted for five milliseconds to be where it was.
  await delay(10);
  const outcome = await code(put(provider, "b", "new"));
  return { outcome, written: fs.readdirSync(root).sort() };
}

/** A disk that is unmounted while several calls are under way all the time. @returns The codes of those that failed. */
async function unmountedUnderLoad(root: string, check: string): Promise<unknown> {
  const codes = new Set<string>();
  system("mount", "-t", "tmpfs", "tmpfs", root);
  const provider = local({ root, symlinkCheck: check as "descriptor", durability: "rename" });
  let stop = false;
  let calls = 0;
  const work = async (who: number): Promise<void> => {
    for (let round = 0; !stop; round++, calls++) {
      const key = `a${round % 5}/b${who}/c${round % 7}`;
      codes.add(await code(put(provider, key, "x", round % 2 === 0 ? { a: "b" } : undefined)));
      codes.add(await code(provider.get(key, {})));
      if (round % 10 === 0) codes.add(await code(provider.list({})));
    }
  };
  const working = Promise.all([0, 1, 2, 3].map(work));
  const until = async (count: number): Promise<void> => {
    while (calls < count) await delay(1);
  };
  await until(200);
  system("umount", "--lazy", root);
  await until(calls + 200);
  stop = true;
  await working;
  return { codes: [...codes].sort(), written: fs.readdirSync(root) };
}

/** A folder of a container's image, in which another process makes the first change. */
async function overlay(root: string): Promise<unknown> {
  system("mount", "-t", "tmpfs", "tmpfs", root);
  for (const name of ["lower/uploads", "upper", "work", "image"])
    fs.mkdirSync(join(root, name), { recursive: true });
  fs.writeFileSync(join(root, "lower/uploads/old"), "old");
  await delay(20);
  const layers = ["lower", "upper", "work"].map((name) => `${name}dir=${join(root, name)}`).join();
  system("mount", "-t", "overlay", "overlay", "-o", layers, join(root, "image"));
  const [one, other] = [
    local({ root: join(root, "image/uploads") }),
    local({ root: join(root, "image/uploads") }),
  ];
  const before = await code(other.head("missing", {}));
  await put(one, "new", "x");
  return {
    before,
    after: await code(other.head("missing", {})),
    put: await code(put(other, "b", "x")),
    keys: await keys(other),
  };
}

/** What a process may not read or write. Drops its own rights, where it has all of them. */
async function withoutRights(root: string): Promise<unknown> {
  const [locked, unreadable, own] = [join(root, "locked"), join(root, "unreadable"), join(root, "own")];
  for (const path of [locked, unreadable, own, join(own, "folder")]) fs.mkdirSync(path);
  fs.writeFileSync(join(locked, "a"), "content");
  fs.writeFileSync(join(own, "secret"), "content");
  becomeNobody([root, own, join(own, "folder"), join(own, "secret")]);
  const isOwner = fs.statSync(locked).uid === process.getuid?.();
  if (isOwner) fs.chmodSync(locked, 0o500);
  fs.chmodSync(join(own, "secret"), 0o000);
  fs.chmodSync(join(own, "folder"), 0o500);
  const provider = local({ root: own });
  const outcome = {
    write: await code(put(local({ root: locked }), "b", "x")),
    read: await code(local({ root: locked }).get("a", {})),
    root: await Promise.all([
      code(local({ root: unreadable }).list({})),
      code(local({ root: unreadable }).get("a", {})),
    ]),
    file: await code(provider.get("secret", {})),
    folder: await code(put(provider, "folder/b", "x")),
    left: fs.readdirSync(join(own, ".stowage/tmp")),
  };
  // Whoever made the folders has to be able to remove them.
  if (isOwner) for (const path of [locked, unreadable, join(own, "folder")]) fs.chmodSync(path, 0o700);
  return outcome;
}

const NOBODY = 65534;

/** Gives up the rights of root, but for these paths. What stays the user's own is `unreadable`, for all. */
function becomeNobody(paths: readonly string[]): void {
  fs.chmodSync(join(paths[0] ?? "", "unreadable"), process.getuid?.() === 0 ? 0o700 : 0o000);
  if (process.getuid?.() !== 0) return;
  for (const path of paths) fs.chownSync(path, NOBODY, NOBODY);
  process.setgid?.(NOBODY);
  process.setuid?.(NOBODY);
}

const CHUNK_BYTES = 64 * 1024;

/** Puts a long stream of unknown length and reads it back. @returns By how many bytes the process grew. */
async function longStream(root: string, mebibytes: string): Promise<unknown> {
  const storage = createStorage(local({ root, durability: "rename" }));
  const hash = createHash("sha256");
  async function* source(bytes: number): AsyncGenerator<Uint8Array, void, undefined> {
    for (let sent = 0; sent < bytes; sent += CHUNK_BYTES) {
      const chunk = Buffer.alloc(CHUNK_BYTES, (sent / CHUNK_BYTES) % 251);
      hash.update(chunk);
      yield chunk;
    }
  }
  await storage.put("warm-up", source(4 * 1024 * 1024));
  for await (const chunk of await storage.get("warm-up")) hash.update(chunk);
  const before = process.memoryUsage().rss;
  let peak = before;
  const sample = (): void => void (peak = Math.max(peak, process.memoryUsage().rss));
  const timer = setInterval(sample, 5);
  const { size } = await storage.put("long", source(Number(mebibytes) * 1024 * 1024));
  let seen = 0;
  for await (const chunk of await storage.get("long")) seen += chunk.byteLength;
  clearInterval(timer);
  sample();
  await storage.close();
  return { size, seen, growth: peak - before };
}

const [, , name = "", ...args] = process.argv;
print(await SCENARIOS[name as ScenarioName](...(args as never[])));
process.exit(0);

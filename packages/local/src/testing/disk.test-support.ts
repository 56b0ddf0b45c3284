import { isStorageError, type BodyInput, type ObjectInfo, type StorageProvider } from "@stowage/core";
import { toBody, type ListOptions, type PutOptions } from "@stowage/core/provider";
import { execFileSync } from "node:child_process";
import type { Dirent } from "node:fs";
import { lstat, mkdtemp, readdir, readlink, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import type { Readable } from "node:stream";
import { onTestFinished } from "vitest";
import { TEMPORARY_PREFIX } from "../foreign-names.js";
import { local, type LocalOptions } from "../local.js";

type Variant = Required<Pick<LocalOptions, "layout" | "durability" | "symlinkCheck">> & LocalOptions;

export const LAYOUTS = ["plain", "portable"] as const;
export const CHECKS = ["descriptor", "realpath"] as const;
export const DURABILITIES = ["fsync", "rename"] as const;

/** Every combination of what the provider does in more than one way. */
export const VARIANTS: readonly Omit<Variant, "root">[] = LAYOUTS.flatMap((layout) =>
  DURABILITIES.flatMap((durability) => CHECKS.map((symlinkCheck) => ({ layout, durability, symlinkCheck }))),
);

/** An empty folder, removed after the test. */
export async function folder(): Promise<string> {
  const path = await realpath(await mkdtemp(join(tmpdir(), "stowage-local-")));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** A provider over a root, closed after the test. */
export function open(root: string, options: Omit<LocalOptions, "root"> = {}): StorageProvider {
  const provider = local({ root, ...options });
  onTestFinished(() => provider.close?.());
  return provider;
}

export async function put(
  provider: StorageProvider,
  key: string,
  input: BodyInput,
  options: PutOptions & { readonly size?: number } = {},
): Promise<ObjectInfo> {
  const { size, ...rest } = options;
  return await provider.put(key, await toBody(input, { size, key }), rest);
}

/** The whole object, and what is known about it. */
export async function read(
  provider: StorageProvider,
  key: string,
): Promise<{ readonly bytes: Buffer; readonly info: ObjectInfo }> {
  const { body, info } = await provider.get(key, {});
  return { bytes: body instanceof Uint8Array ? Buffer.from(body) : await readAll(body), info };
}

export async function text(provider: StorageProvider, key: string): Promise<string> {
  return (await read(provider, key)).bytes.toString();
}

export async function readAll(stream: Readable): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The keys and the common prefixes of all pages, as they come. */
export async function entries(provider: StorageProvider, options: ListOptions = {}): Promise<string[]> {
  const found: string[] = [];
  let { cursor } = options;
  do {
    const page = await provider.list({ ...options, cursor });
    found.push(...[...page.objects.map(({ key }) => key), ...page.prefixes].sort());
    ({ cursor } = page);
  } while (cursor !== undefined);
  return found;
}

/** Keys of all pages, in the very order in which they come. */
export async function keys(provider: StorageProvider, options: ListOptions = {}): Promise<string[]> {
  const found: string[] = [];
  let { cursor } = options;
  do {
    const page = await provider.list({ ...options, cursor });
    found.push(...page.objects.map(({ key }) => key));
    ({ cursor } = page);
  } while (cursor !== undefined);
  return found;
}

/** Returns the paths of everything in a folder that is not a folder, sorted, but for notes of running processes. */
export async function files(root: string): Promise<string[]> {
  const found = await readTree(root);
  return found
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((path) => !path.startsWith(".stowage/busy/"))
    .sort();
}

/** Reads a folder again if one inside of it was removed meanwhile: the provider removes empty folders in the background. */
async function readTree(root: string): Promise<Dirent[]> {
  for (;;) {
    try {
      return await readdir(root, { withFileTypes: true, recursive: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT" || !(await isThere(root))) throw error;
    }
  }
}

/** What lies in a root besides the marker: objects, sidecars and temporary files. */
export async function content(root: string): Promise<string[]> {
  return (await files(root)).filter((path) => path !== ".stowage/layout.json");
}

/** Returns the paths of unfinished files: objects beside those that are there, and the provider's own. */
export async function temporaries(root: string): Promise<string[]> {
  const found = await files(root);
  return found.filter((path) => path.startsWith(".stowage/tmp/") || path.includes(TEMPORARY_PREFIX));
}

/** The sidecars of a root. */
export async function sidecars(root: string): Promise<string[]> {
  return (await files(root)).filter((path) => path.startsWith(".stowage/meta/"));
}

/** Whether there is anything under a path, a link that leads nowhere included. */
export async function isThere(path: string): Promise<boolean> {
  return await lstat(path).then(
    () => true,
    () => false,
  );
}

/** What a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    (value) => {
      throw new Error(`Expected a rejection, not ${JSON.stringify(value)}`);
    },
    (error: unknown) => error,
  );
}

/** The code of the StorageError that a promise rejects with. */
export async function code(promise: Promise<unknown>): Promise<string> {
  const error = await rejection(promise);
  return isStorageError(error) ? error.code : `no StorageError: ${String(error)}`;
}

/** The names of the files that this process has open below a path. */
export async function openFiles(root: string): Promise<string[]> {
  const descriptors = await readdir("/proc/self/fd");
  const links = await Promise.all(descriptors.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => "")));
  return links.filter((link) => link.startsWith(root));
}

/** Waits until this process has nothing open below a path. */
export async function idle(root: string): Promise<readonly string[]> {
  await until(async () => (await openFiles(root)).length === 0);
  return await openFiles(root);
}

/** Runs a program of the system. */
export function system(program: string, ...args: readonly string[]): string {
  return execFileSync(program, args, { encoding: "utf8" });
}

/** Waits, without a fixed time, until something holds. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 2));
}

/** Bytes with a pattern in which a lost or doubled stretch shows. */
export function patterned(length: number, salt = 0): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let index = 0; index < length; index++) bytes[index] = (index * 31 + (index >> 8) * 17 + salt) & 0xff;
  return bytes;
}

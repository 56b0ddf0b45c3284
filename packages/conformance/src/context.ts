import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compareKeys, toBody, type GetResult, type ListOptions } from "@stowage/core/provider";
import {
  createStorage,
  type FileStorage,
  type ListPage,
  type StorageOptions,
  type StorageProvider,
} from "@stowage/core";
import { rejects, sameBytes } from "./expect.js";
import type { RuleContext } from "./rule.js";

/**
 * A function that breaks a facade on purpose: it receives a working facade and returns a changed facade. It also
 * receives the provider and the options of the working facade.
 */
export type StorageBreak = (
  storage: FileStorage,
  provider: StorageProvider,
  options: StorageOptions,
) => FileStorage;

/** The provider on which a rule is run, and the prefix under which the rule works. */
export interface Subject {
  readonly provider: StorageProvider;
  readonly prefix: string;
  /** Breaks each facade on purpose, before a rule uses the facade. Only mutants set this function. */
  readonly breakStorage?: StorageBreak | undefined;
}

/** Reads the body of an object to its end. */
export async function readAll({ body }: GetResult): Promise<Uint8Array> {
  if (body instanceof Uint8Array) return body;
  const chunks: Uint8Array[] = [];
  for await (const chunk of body as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Makes the context for one rule. `tidy` removes the rule's temporary folders. */
export function createContext(subject: Subject): { context: RuleContext; tidy: () => Promise<void> } {
  const { provider, prefix } = subject;
  const directories: string[] = [];
  const directory = async (): Promise<string> => {
    const path = await mkdtemp(join(tmpdir(), "stowage-conformance-"));
    directories.push(path);
    return path;
  };
  const make: RuleContext["createStorage"] = (inner, given) => {
    const options = { retry: false, timeouts: false, ...given } as const;
    const storage = createStorage(inner, options);
    return subject.breakStorage?.(storage, inner, options) ?? storage;
  };
  const context = { ...verbsOf(provider, prefix), createStorage: make, directory, storage: make(provider) };
  const tidy = async (): Promise<void> => {
    await Promise.all(directories.map((path) => rm(path, { recursive: true, force: true })));
  };
  return { context, tidy };
}

function verbsOf(
  provider: StorageProvider,
  prefix: string,
): Omit<RuleContext, "storage" | "createStorage" | "directory"> {
  const key = (name: string): string => prefix + name;
  const get: RuleContext["get"] = (name, options = {}) => provider.get(key(name), options);
  const head: RuleContext["head"] = (name, options = {}) => provider.head(key(name), options);
  const read: RuleContext["read"] = async (name, options) => readAll(await get(name, options));
  const names = (options: ListOptions = {}): Promise<string[]> => allNames(provider, prefix, options);
  return {
    provider,
    prefix,
    key,
    get,
    head,
    read,
    names,
    put: async (name, input, { size, ...options } = {}) => {
      const body = await toBody(input, { size, key: key(name), provider: provider.name });
      return await provider.put(key(name), body, options);
    },
    remove: (name, options = {}) => provider.delete(key(name), options),
    list: (options = {}) => provider.list({ ...options, prefix: prefix + (options.prefix ?? "") }),
    holds: async (name, expected) => {
      const bytes = await read(name);
      if (provider.supports.byteExact) sameBytes(bytes, expected);
    },
    lacks: async (name) => {
      await rejects("NotFound", head(name));
      await rejects("NotFound", get(name));
      if (!provider.supports.list) return;
      const found = await names({ prefix: name });
      if (found.includes(name))
        throw new Error(`the listing shows ${name}, but head and get do not find that object`);
    },
  };
}

async function allNames(provider: StorageProvider, prefix: string, options: ListOptions): Promise<string[]> {
  const found: string[] = [];
  for await (const page of pages(provider, { ...options, prefix: prefix + (options.prefix ?? "") })) {
    found.push(...page.objects.map((info) => info.key.slice(prefix.length)));
  }
  return provider.supports.orderedList ? found : found.sort(compareKeys);
}

/** The maximum number of pages of one listing. A listing with more pages fails, because it might never end. */
const PAGES_MAX = 1000;

/** Lists all pages, one after the other. Throws if the listing has not ended after {@link PAGES_MAX} pages. */
export async function* pages(
  provider: StorageProvider,
  options: ListOptions,
): AsyncGenerator<ListPage, void, undefined> {
  let next = options;
  for (let count = 0; count < PAGES_MAX; count++) {
    const page: ListPage = await provider.list(next);
    yield page;
    const { cursor } = page;
    if (cursor === undefined) return;
    next = { ...options, cursor, after: undefined };
  }
  throw new Error(`the listing has not ended after ${PAGES_MAX} pages`);
}

import { seeded } from "@stowage/conformance";
import { createHash } from "node:crypto";
import { sha256 } from "./say.js";

/** Clients that write, read and delete at once, and know what each answer may be. */
export interface LoadOptions {
  readonly url: string;
  /** How many calls the writing clients make together. */
  readonly operations: number;
  /** Clients that write, each with objects of its own. */
  readonly clients: number;
  /** Clients that only read, whatever any of the others has written, until those are done. */
  readonly readers: number;
  readonly seed: number;
  /** Where new objects are posted. */
  readonly postTo: string;
  /** The path that belongs to an object and is written again and again. */
  readonly replaced: (key: string) => string;
}

export interface LoadReport {
  readonly answered: number;
  /** Calls that the server refused because it could not do better at the moment. */
  readonly unavailable: number;
  readonly reads: number;
  /** Reads that were sent on to another server, which then served them. */
  readonly redirected: number;
  /** Answers that are wrong whatever has failed: an older version, NotFound of what is there, other bytes. */
  readonly mistakes: readonly string[];
  /** What every key must be in the end: the digest, or `undefined` when it was deleted. */
  readonly expected: ReadonlyMap<string, string | undefined>;
}

export interface Load {
  /** How many calls have been made so far. */
  readonly made: () => number;
  /** Resolves when so many calls have been made. */
  readonly reached: (operations: number) => Promise<void>;
  /** Resolves when all have been made. */
  readonly over: Promise<void>;
  /** Reads every key once more, and says what has come of it all. To be called when nothing is under way any more. */
  readonly report: () => Promise<LoadReport>;
}

/** What a key may be: more than one thing while nobody knows what became of a write, the newest last. */
interface Entry {
  possible: readonly Value[];
  /** All that it has ever been allowed to be, in order. */
  readonly log: Value[];
  isBusy: boolean;
}

/** The digest of an object, or `undefined` for none. */
type Value = string | undefined;

interface Running {
  readonly options: LoadOptions;
  readonly entries: Map<string, Entry>;
  readonly mistakes: string[];
  readonly waiting: Set<() => void>;
  made: number;
  answered: number;
  unavailable: number;
  reads: number;
  redirected: number;
  isOver: boolean;
}

const SMALL_BYTES_MIN = 16;
const SMALL_BYTES = 64 * 1024;
const LARGE_BYTES = 9 * 1024 * 1024;
const LARGE_SHARE = 0.004;
const FINAL_TRIES = 200;
const FINAL_PAUSE_MS = 100;

export function startLoad(options: LoadOptions): Load {
  const running: Running = {
    options,
    entries: new Map(),
    mistakes: [],
    waiting: new Set(),
    made: 0,
    answered: 0,
    unavailable: 0,
    reads: 0,
    redirected: 0,
    isOver: false,
  };
  return {
    made: () => running.made,
    reached: async (operations) => await reached(running, operations),
    over: runAll(running),
    report: async () => await reportOf(running),
  };
}

async function reached(running: Running, operations: number): Promise<void> {
  while (running.made < operations && !running.isOver) {
    await new Promise<void>((resolve) => running.waiting.add(resolve));
  }
}

async function runAll(running: Running): Promise<void> {
  const { options } = running;
  const readers = Array.from({ length: options.readers }, (_, index) => read(running, 1000 + index));
  await Promise.all(Array.from({ length: options.clients }, (_, index) => write(running, index)));
  running.isOver = true;
  tell(running);
  await Promise.all(readers);
}

async function reportOf(running: Running): Promise<LoadReport> {
  const { entries } = running;
  for (const key of entries.keys()) await readFinally(running, key);
  const { answered, unavailable, reads, redirected, mistakes } = running;
  const expected = new Map([...entries].map(([key, { possible }]) => [key, possible[0]]));
  return { answered, unavailable, reads, redirected, mistakes, expected };
}

function tell({ waiting }: Running): void {
  for (const resolve of waiting) resolve();
  waiting.clear();
}

async function write(running: Running, client: number): Promise<void> {
  const { options } = running;
  const random = seeded(options.seed + client);
  const keys: string[] = [];
  while (running.made < options.operations) {
    running.made++;
    tell(running);
    const dice = random();
    const key = keys[Math.floor(random() * keys.length)];
    if (key === undefined || dice < 0.35) keys.push(...(await post(running, random)));
    else if (dice < 0.55) await put(running, options.replaced(key), random);
    else if (dice < 0.65) await remove(running, random() < 0.5 ? key : options.replaced(key));
    else await readOnce(running, random() < 0.7 ? key : options.replaced(key));
  }
}

async function read(running: Running, reader: number): Promise<void> {
  const random = seeded(running.options.seed + reader);
  while (!running.isOver) {
    const keys = [...running.entries.keys()];
    const key = keys[Math.floor(random() * keys.length)];
    if (key === undefined) await pause(5);
    else await readOnce(running, key);
  }
}

async function readFinally(running: Running, key: string): Promise<void> {
  const entry = entryOf(running, key);
  for (let tries = 0; tries < FINAL_TRIES; tries++) {
    const value = await valueOf(running, key);
    if (value !== "unavailable") {
      if (!entry.possible.includes(value.found)) mistake(running, key, value.found, entry.possible);
      entry.possible = [value.found];
      return;
    }
    await pause(FINAL_PAUSE_MS);
  }
  running.mistakes.push(
    `${key} cannot be read in the end; it may be ${entry.possible.map(shown).join(" or ")}`,
  );
}

async function post(running: Running, random: () => number): Promise<readonly string[]> {
  const { url, postTo } = running.options;
  const bytes = bytesOf(random);
  const answer = await call(running, `${url}${postTo}`, { method: "POST", body: bytes });
  if (answer === undefined) return [];
  const { key } = answer.content;
  if (key === undefined) return [];
  const entry = entryOf(running, key);
  settle(entry, answer, sha256(bytes));
  return [key];
}

async function put(running: Running, path: string, random: () => number): Promise<void> {
  const bytes = bytesOf(random);
  await change(running, path, sha256(bytes), { method: "PUT", body: bytes });
}

async function remove(running: Running, path: string): Promise<void> {
  await change(running, path, undefined, { method: "DELETE" });
}

async function change(running: Running, path: string, value: Value, request: RequestInit): Promise<void> {
  const entry = entryOf(running, path);
  entry.isBusy = true;
  entry.log.push(value);
  settle(entry, await call(running, `${running.options.url}/${path}`, request), value);
  entry.isBusy = false;
}

interface Answer {
  readonly status: number;
  readonly content: { readonly key?: string };
}

/** `undefined` when the connection broke. */
async function call(running: Running, url: string, request: RequestInit): Promise<Answer | undefined> {
  try {
    const response = await fetch(url, request);
    const text = await response.text();
    const isJson = response.headers.get("content-type") === "application/json";
    const content = (isJson ? JSON.parse(text) : {}) as Answer["content"];
    if (response.ok) running.answered++;
    else if (isExcused(response.status)) running.unavailable++;
    else running.mistakes.push(`${request.method} ${url}: ${response.status} ${text}`);
    return { status: response.status, content };
  } catch (error) {
    running.mistakes.push(`${request.method} ${url}: ${String(error)}`);
    return undefined;
  }
}

function isExcused(status: number): boolean {
  return status === 503 || status === 504;
}

/** After a write: what the key may be now. */
function settle(entry: Entry, answer: Answer | undefined, value: Value): void {
  const isApplied = answer !== undefined && answer.status < 300;
  entry.possible = isApplied ? [value] : [...entry.possible, value];
  entry.log.push(value);
}

/** @returns Whether there was an answer. */
async function readOnce(running: Running, key: string): Promise<boolean> {
  const entry = entryOf(running, key);
  const allowed = new Set(entry.possible);
  const from = entry.log.length;
  const wasBusy = entry.isBusy;
  running.reads++;
  const value = await valueOf(running, key);
  if (value === "unavailable") return false;
  for (const later of entry.log.slice(from)) allowed.add(later);
  // What is being written when the read begins may be seen too.
  if (wasBusy) allowed.add(entry.log[from - 1]);
  if (!allowed.has(value.found)) mistake(running, key, value.found, [...allowed]);
  // What came before it is over; what came after it may still take effect.
  const isAlone = !wasBusy && !entry.isBusy && entry.log.length === from;
  const at = entry.possible.lastIndexOf(value.found);
  if (isAlone && at > 0) entry.possible = entry.possible.slice(at);
  return true;
}

function mistake({ mistakes }: Running, key: string, value: Value, allowed: readonly Value[]): void {
  mistakes.push(`GET ${key}: ${shown(value)} instead of ${allowed.map(shown).join(" or ")}`);
}

async function valueOf(running: Running, key: string): Promise<{ readonly found: Value } | "unavailable"> {
  const path = `${running.options.url}/${key}`;
  const direct = await fetch(path, { redirect: "manual" });
  const link = direct.headers.get("location");
  if (link === null) return await found(running, path, direct);
  await direct.body?.cancel();
  try {
    const response = await fetch(link);
    const digest = await digestOf(response);
    if (response.ok) {
      running.redirected++;
      running.answered++;
      return { found: digest };
    }
  } catch {
    // The other server has gone away since: the client asks for the object itself.
  }
  return await found(running, path, await fetch(`${path}?via=server`));
}

async function found(
  running: Running,
  path: string,
  response: Response,
): Promise<{ readonly found: Value } | "unavailable"> {
  const digest = await digestOf(response).catch(() => undefined);
  if (response.ok && digest !== undefined) {
    running.answered++;
    return { found: digest };
  }
  if (response.status === 404) {
    running.answered++;
    return { found: undefined };
  }
  running.unavailable++;
  // A body that broke off is the failure of whoever sent it.
  if (!response.ok && !isExcused(response.status)) running.mistakes.push(`GET ${path}: ${response.status}`);
  return "unavailable";
}

async function digestOf({ body }: Response): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of body ?? []) hash.update(chunk);
  return hash.digest("hex");
}

function entryOf({ entries }: Running, key: string): Entry {
  const known = entries.get(key) ?? { possible: [undefined], log: [undefined], isBusy: false };
  entries.set(key, known);
  return known;
}

function shown(value: Value): string {
  return value === undefined ? "nothing" : value.slice(0, 8);
}

async function pause(milliseconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function bytesOf(random: () => number): Buffer {
  const size = random() < LARGE_SHARE ? LARGE_BYTES : SMALL_BYTES_MIN + Math.floor(random() * SMALL_BYTES);
  const bytes = Buffer.alloc(size, Math.floor(random() * 256));
  bytes.writeDoubleLE(random(), 0);
  return bytes;
}

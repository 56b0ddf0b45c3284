// Loses power at every moment of some work on a local disk, in several ways, and looks at what is left.
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isStorageError, type StorageProvider } from "../../packages/core/src/index.js";
import { toBody } from "../../packages/core/src/provider.js";
import { local, type LocalOptions } from "../../packages/local/src/index.js";
import { seeded } from "../simulate/random.js";
import { materialize, type Loss } from "./disk-state.js";
import { recordDisk, type Recording } from "./recording-disk.js";

/** What the program says in the end. */
export interface PowerLossReport {
  readonly states: number;
  readonly problems: readonly string[];
}

/** One write, with the moments at which it began and was acknowledged. */
interface Work {
  readonly key: string;
  /** Absent for a delete. */
  readonly text?: string | undefined;
  readonly begin: number;
  readonly end: number;
}

const LAYOUTS = ["plain", "portable"] as const;
const WAYS = 6;
const PROBLEMS_MAX = 20;

/** A mutant is caught as soon as one thing is wrong. */
const stopsAtFirst = process.env["STOWAGE_POWER_LOSS"] === "first";

async function run(): Promise<PowerLossReport> {
  const problems: string[] = [];
  let states = 0;
  for (const layout of LAYOUTS) {
    const folder = mkdtempSync(join(tmpdir(), "stowage-power-loss-"));
    try {
      states += await tryLayout(folder, layout, problems);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return { states, problems: problems.slice(0, PROBLEMS_MAX) };
}

async function tryLayout(folder: string, layout: "plain" | "portable", problems: string[]): Promise<number> {
  const root = join(folder, "root");
  const vault = join(folder, "vault");
  const target = join(folder, "state");
  mkdirSync(root);
  mkdirSync(vault);
  const options: Omit<LocalOptions, "root"> = { layout };
  const provider = local({ root, ...options });
  // The root is made, and on the disk, before anything is recorded.
  await put(provider, "base", "the first object");
  await put(provider, "kept/facts", "has facts from the beginning");
  const recording = recordDisk(root, vault);
  let works: readonly Work[];
  try {
    works = await work(provider, recording);
  } finally {
    recording.stop();
  }
  await provider.close?.();
  let states = 0;
  for (let at = 0; at <= recording.now() && !(stopsAtFirst && problems.length > 0); at++) {
    for (let way = 0; way < WAYS; way++) {
      materialize(recording, root, target, lossOf(at, way));
      states++;
      for (const problem of await problemsOf(local({ root: target, ...options }), works, at)) {
        problems.push(`${layout}, moment ${at} of ${recording.now()}, way ${way}: ${problem}`);
      }
    }
  }
  return states;
}

/** Nothing that was not synced, everything, or any of it. */
function lossOf(at: number, way: number): Loss {
  if (way === 0) return { at, keepsName: () => false, keepsBytes: () => 0 };
  if (way === 1) return { at, keepsName: () => true, keepsBytes: () => 1 };
  if (way === 2) return { at, keepsName: () => true, keepsBytes: () => 0 };
  const random = seeded(at * WAYS + way);
  return { at, keepsName: () => random() < 0.5, keepsBytes: () => Math.floor(random() * 3) / 2 };
}

async function work(provider: StorageProvider, { now }: Recording): Promise<readonly Work[]> {
  const works: Work[] = [];
  const done = async (key: string, text: string | undefined, act: () => Promise<unknown>): Promise<void> => {
    const begin = now();
    await act();
    works.push({ key, text, begin, end: now() });
  };
  const write = (key: string, text: string): Promise<void> => done(key, text, () => put(provider, key, text));
  for (let round = 0; round < 2; round++) {
    await write("a", `round ${round} of a`);
    await write(`new/folder/${round}`, `a new key in round ${round}`);
    await done(`created/${round}`, `created in round ${round}`, () =>
      put(provider, `created/${round}`, `created in round ${round}`, true),
    );
    await write("a", `round ${round} of a, once more`);
    const copied = `round ${round} of a, once more`;
    await done(`copies/${round}`, copied, async () => await provider.copy?.("a", `copies/${round}`, {}));
    await done("a", undefined, () => provider.delete("a", {}));
    await done(`new/folder/${round}`, undefined, () => provider.delete(`new/folder/${round}`, {}));
  }
  return works;
}

async function put(provider: StorageProvider, key: string, text: string, isNew = false): Promise<void> {
  const body = await toBody(Buffer.from(text));
  const condition = isNew ? ({ ifNoneMatch: "*" } as const) : {};
  await provider.put(key, body, {
    ...condition,
    metadata: { digest: digestOf(text) },
    writeId: digestOf(text),
  });
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

/** What is wrong with what is left: something lost that was acknowledged, or torn, or come back. */
async function problemsOf(
  provider: StorageProvider,
  works: readonly Work[],
  at: number,
): Promise<readonly string[]> {
  const problems: string[] = [];
  const found = new Map<string, string | undefined>([["base", "the first object"]]);
  for (const { key } of works) {
    if (found.has(key)) continue;
    const state = await stateOf(provider, key);
    found.set(key, state.text);
    if (state.problem !== undefined) problems.push(`${key}: ${state.problem}`);
    else if (!allowed(works, key, at).includes(state.text)) {
      problems.push(
        `${key} is ${state.text ?? "not there"}, and not ${allowed(works, key, at).join(" or ")}`,
      );
    }
  }
  const base = await stateOf(provider, "base");
  if (base.text !== "the first object") problems.push("an object that nobody touched is lost");
  const listed = (await provider.list({})).objects.map(({ key }) => key);
  for (const key of listed) {
    if (!found.has(key) && key !== "kept/facts") problems.push(`the listing shows ${key}`);
  }
  await provider.close?.();
  return problems;
}

/** The last one that was acknowledged, or one that was under way. */
function allowed(works: readonly Work[], key: string, at: number): readonly (string | undefined)[] {
  const own = works.filter((each) => each.key === key);
  const last = own.findLast(({ end }) => end <= at);
  const underWay = own.filter(({ begin, end }) => begin <= at && end > at);
  return [last?.text, ...underWay.map(({ text }) => text)];
}

async function stateOf(
  provider: StorageProvider,
  key: string,
): Promise<{ readonly text?: string | undefined; readonly problem?: string | undefined }> {
  try {
    const { body, info } = await provider.get(key, {});
    const chunks: Uint8Array[] = [];
    if (body instanceof Uint8Array) chunks.push(body);
    else for await (const chunk of body as AsyncIterable<Uint8Array>) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const digest = info.metadata?.["digest"];
    // Facts that are lost with a folder that was not synced are as wrong as those of another version.
    return digest === digestOf(text)
      ? { text }
      : { text, problem: `its facts say ${digest}, its bytes ${text}` };
  } catch (error) {
    if (isStorageError(error, "NotFound")) return {};
    return { problem: String(error) };
  }
}

if (process.env["STOWAGE_POWER_LOSS"] !== undefined) console.log(JSON.stringify(await run()));

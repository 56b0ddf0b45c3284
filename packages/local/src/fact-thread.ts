import { clock } from "@stowage/core/provider";
import { Worker } from "node:worker_threads";
import type { FileVersion } from "./generation.js";

/**
 * The use of a thread that reads the facts of many files with one request. Node's own thread pool needs a request for each
 * file, and a request takes several times as long as the system call. All providers of the process share the thread.
 */
export interface FactThread {
  /** Notes that a listing has met files. The thread starts when there were many in a short time. */
  readonly met: (files: number) => void;
  /** Tells whether the thread can be asked now. It cannot while a disk does not answer. */
  readonly isReady: () => boolean;
  /**
   * Returns the facts of each file, or `undefined` for a path that is not a file or cannot be read. The result for all paths is
   * `undefined` if the thread has ended.
   */
  readonly read: (paths: readonly string[]) => Promise<readonly (FileVersion | undefined)[]>;
  /** Ends this use, and the thread if there is no other use. */
  readonly close: () => void;
}

/**
 * The program of the thread. A path contains no NUL, so the paths are sent as one text. The thread answers with four numbers
 * for each path; the first is 0 if there is no such file.
 */
const PROGRAM = `
const { parentPort } = require("node:worker_threads");
const { lstatSync } = require("node:fs");
parentPort.on("message", ({ id, paths: text }) => {
  const paths = text.split("\\0");
  const facts = new BigInt64Array(4 * paths.length);
  for (let index = 0; index < paths.length; index++) {
    try {
      const found = lstatSync(paths[index], { bigint: true, throwIfNoEntry: false });
      if (found === undefined || !found.isFile()) continue;
      facts[4 * index] = 1n;
      facts[4 * index + 1] = found.ino;
      facts[4 * index + 2] = found.size;
      facts[4 * index + 3] = found.mtimeNs;
    } catch {}
  }
  parentPort.postMessage({ id, facts }, [facts.buffer]);
});
parentPort.postMessage({ id: 0 });
`;

/** The number of files, met without a pause, from which a thread is worth its start, which takes some milliseconds. */
const MANY = 2000;

/** The pause between two pages, in milliseconds, after which files are counted anew. */
const PAUSE_MS = 1000;

/** The time without a request, in milliseconds, after which the thread ends. */
const IDLE_MS = 5000;

/** The time without an answer, in milliseconds, after which other listings do not use the thread. */
const HANG_MS = 250;

interface Answer {
  /** The number of the request. 0 says that the thread has started. */
  readonly id: number;
  readonly facts?: BigInt64Array;
}

type Settle = (facts: BigInt64Array | undefined) => void;

/** The thread, and the requests that it has not answered. */
interface Running {
  readonly worker: Worker;
  readonly waiting: Map<number, Settle>;
  isReady: boolean;
  /** The time of the last answer, or of the first request after it. */
  movedAt: number;
  idle: NodeJS.Timeout | undefined;
}

let running: Running | undefined;
let users = 0;
let requests = 0;
let files = 0;
let metAt = Number.NEGATIVE_INFINITY;
/** True if the system gives no threads. Then none is asked for again. */
let isRefused = false;

/** Returns a use of the thread. The thread starts later. */
export function createFactThread(): FactThread {
  let isClosed = false;
  let isUsed = false;
  return {
    met: (count) => {
      const now = clock.now();
      files = now - metAt > PAUSE_MS ? count : files + count;
      metAt = now;
      if (files < MANY || isClosed) return;
      if (!isUsed) users++;
      isUsed = true;
      start();
    },
    isReady: () => !isClosed && running?.isReady === true && !isHanging(running),
    read: async (paths) => {
      const facts = isClosed ? undefined : await ask(paths);
      return paths.map((_, index) => (facts === undefined ? undefined : factsIn(facts, 4 * index)));
    },
    close: () => {
      if (isUsed && !isClosed && --users === 0) end();
      isClosed = true;
    },
  };
}

function start(): void {
  if (running !== undefined || isRefused) return;
  const worker = newWorker();
  isRefused = worker === undefined;
  if (worker === undefined) return;
  const own: Running = { worker, waiting: new Map(), isReady: false, movedAt: clock.now(), idle: undefined };
  const ended = (): void => {
    if (running !== own) return;
    isRefused = !own.isReady;
    end();
  };
  worker
    .on("message", (answer: Answer) => take(own, answer))
    .once("error", ended)
    .once("exit", ended)
    .unref();
  running = own;
}

/** Returns a new thread. Returns `undefined` if there can be none, as under Node's permission model. */
function newWorker(): Worker | undefined {
  try {
    // The options and variables of the process could have the thread load other programs first.
    return new Worker(PROGRAM, { eval: true, execArgv: [], env: {}, name: "stowage-listing" });
  } catch {
    return undefined;
  }
}

function ask(paths: readonly string[]): Promise<BigInt64Array | undefined> {
  const own = running;
  if (own === undefined) return Promise.resolve(undefined);
  return new Promise((settle) => {
    if (own.waiting.size === 0) own.movedAt = clock.now();
    own.waiting.set(++requests, settle);
    // The process must not end while a caller waits for the answer.
    own.worker.ref();
    clock.clearTimeout(own.idle);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    own.worker.postMessage({ id: requests, paths: paths.join("\0") });
  });
}

function take(own: Running, { id, facts }: Answer): void {
  own.isReady = true;
  own.movedAt = clock.now();
  own.waiting.get(id)?.(facts);
  own.waiting.delete(id);
  if (own.waiting.size > 0 || running !== own) return;
  own.worker.unref();
  clock.clearTimeout(own.idle);
  own.idle = clock.setTimeout(end, IDLE_MS).unref();
}

function end(): void {
  const ended = running;
  running = undefined;
  if (ended === undefined) return;
  clock.clearTimeout(ended.idle);
  for (const settle of ended.waiting.values()) settle(undefined);
  ended.waiting.clear();
  ended.worker.terminate().catch(() => {});
}

function isHanging({ waiting, movedAt }: Running): boolean {
  return waiting.size > 0 && clock.now() - movedAt > HANG_MS;
}

function factsIn(facts: BigInt64Array, at: number): FileVersion | undefined {
  const [isThere, ino, size, mtimeNs] = facts.subarray(at, at + 4);
  if (isThere !== 1n || ino === undefined || size === undefined || mtimeNs === undefined) return undefined;
  return { ino, size, mtimeNs };
}

import { clock } from "@stowage/core/provider";
import { Worker } from "node:worker_threads";
import type { FileVersion } from "./generation.js";

/**
 * A thread that reads the facts of many files with one request. Node's own thread pool needs a request for each file, and a
 * request takes several times as long as the system call.
 */
export interface FactThread {
  /** Starts the thread, unless it runs. The thread ends when nothing was read for some seconds. */
  readonly start: () => void;
  readonly isReady: () => boolean;
  /**
   * Returns the facts of each file, or `undefined` for a path that is not a file or cannot be read. The result for all paths is
   * `undefined` if the thread has ended.
   */
  readonly read: (paths: readonly string[]) => Promise<readonly (FileVersion | undefined)[]>;
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

/** The time without a request, in milliseconds, after which the thread ends. */
const IDLE_MS = 5000;

interface Answer {
  /** The number of the request. 0 says that the thread has started. */
  readonly id: number;
  readonly facts?: BigInt64Array;
}

type Settle = (facts: BigInt64Array | undefined) => void;

/** Returns a thread that has not started yet. */
export function createFactThread(): FactThread {
  let worker: Worker | undefined;
  let isReady = false;
  /** True if the system gives no threads. Then none is asked for again. */
  let isRefused = false;
  let idle: NodeJS.Timeout | undefined;
  let count = 0;
  const waiting = new Map<number, Settle>();
  const end = (): void => {
    clock.clearTimeout(idle);
    const ended = worker;
    worker = undefined;
    isReady = false;
    for (const settle of waiting.values()) settle(undefined);
    waiting.clear();
    ended?.terminate().catch(() => {});
  };
  const rest = (): void => {
    worker?.unref();
    clock.clearTimeout(idle);
    idle = clock.setTimeout(end, IDLE_MS).unref();
  };
  const take = ({ id, facts }: Answer): void => {
    isReady = true;
    waiting.get(id)?.(facts);
    waiting.delete(id);
    if (waiting.size === 0) rest();
  };
  return {
    start: () => {
      if (worker !== undefined || isRefused) return;
      const started = newWorker();
      isRefused = started === undefined;
      if (started === undefined) return;
      const ended = (): void => {
        if (started !== worker) return;
        isRefused ||= !isReady;
        end();
      };
      started.on("message", take).once("error", ended).once("exit", ended).unref();
      worker = started;
    },
    isReady: () => isReady,
    read: async (paths) => {
      const facts = await new Promise<BigInt64Array | undefined>((settle) => {
        waiting.set(++count, settle);
        // The process must not end while a caller waits for the answer.
        worker?.ref();
        clock.clearTimeout(idle);
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
        worker?.postMessage({ id: count, paths: paths.join("\0") });
        if (worker === undefined) end();
      });
      return paths.map((_, index) => (facts === undefined ? undefined : factsIn(facts, 4 * index)));
    },
    close: end,
  };
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

function factsIn(facts: BigInt64Array, at: number): FileVersion | undefined {
  const [isThere, ino, size, mtimeNs] = facts.subarray(at, at + 4);
  if (isThere !== 1n || ino === undefined || size === undefined || mtimeNs === undefined) return undefined;
  return { ino, size, mtimeNs };
}

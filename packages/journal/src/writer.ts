import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, extname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import type { Change } from "./change.js";
import { isLoadFailure, journalError } from "./errors.js";
import type { WriteAnswer, WriteRequest, WriterData } from "./writer-thread.js";

/** An object that sends changes to the thread that writes them. */
export interface Writer {
  /**
   * Makes a change.
   *
   * @returns The new revision, after the change is on the disk; `undefined` if the change was not made.
   * @throws StorageError `Unavailable` if the journal cannot be written.
   */
  readonly write: (change: Change) => Promise<string | undefined>;
  /** Returns a count that grows whenever a batch may have been written. */
  readonly outcomes: () => number;
  /** Returns a count that grows whenever a control record may have been written. */
  readonly controlOutcomes: () => number;
  readonly close: () => Promise<void>;
}

interface Waiting {
  readonly table: Change["table"];
  readonly resolve: (revision: string | undefined) => void;
  readonly reject: (error: unknown) => void;
}

interface State {
  readonly data: WriterData;
  readonly waiting: Map<number, Waiting>;
  worker: Worker | undefined;
  count: number;
  outcomes: number;
  controlOutcomes: number;
  closed: boolean;
}

export function createWriter(data: WriterData): Writer {
  const state: State = {
    data,
    waiting: new Map(),
    worker: undefined,
    count: 0,
    outcomes: 0,
    controlOutcomes: 0,
    closed: false,
  };
  return {
    write: (change) =>
      new Promise((resolve, reject) => {
        if (state.closed) return reject(journalError(new Error("it is closed"), data.path));
        const id = ++state.count;
        state.waiting.set(id, { table: change.table, resolve, reject });
        const worker = workerOf(state);
        // A waiting change keeps the process running. An idle journal lets the process end.
        worker.ref();
        send(worker, { id, change });
      }),
    outcomes: () => state.outcomes,
    controlOutcomes: () => state.controlOutcomes,
    close: async () => {
      state.closed = true;
      const { worker } = state;
      if (worker === undefined) return;
      worker.ref();
      const ended = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
      send(worker, "close");
      await ended;
    },
  };
}

function send(worker: Worker, message: WriteRequest | "close"): void {
  // eslint-disable-next-line unicorn/require-post-message-target-origin -- a thread of this process has no origin
  worker.postMessage(message);
}

/** Returns the thread that writes. The thread is started when it is first needed. If it dies, a new thread is started. */
function workerOf(state: State): Worker {
  if (state.worker !== undefined) return state.worker;
  const worker = startThread(state.data);
  state.worker = worker;
  worker.on("message", (answer: WriteAnswer) => settle(state, worker, answer));
  worker.once("error", (error) => failAll(state, error));
  worker.once("exit", () => {
    if (state.worker === worker) state.worker = undefined;
    failAll(state, new Error("the thread that writes has ended"));
  });
  return worker;
}

/** Returns the path of the thread's file, which is in the same folder as this file. */
function threadFile(): string {
  const here = import.meta.url.startsWith("file:") ? fileURLToPath(import.meta.url) : import.meta.url;
  return join(dirname(here), `writer-thread${extname(here)}`);
}

/** Checks that the thread's file exists. The file is missing if a bundler has put the application into a single file. */
export function assertThread(): void {
  const file = threadFile();
  if (existsSync(file)) return;
  throw new Error(`Cannot find module '${file}': mark @stowage/journal as external in the bundler`);
}

function startThread(workerData: WriterData): Worker {
  const file = threadFile();
  const extension = extname(file);
  if (extension !== ".ts") return new Worker(file, { workerData });
  // In this repository the packages run from their sources.
  const tsx = dirname(createRequire(file).resolve("tsx/package.json"));
  const loader = pathToFileURL(join(tsx, "dist/esm/api/index.mjs")).href;
  const code = `import(${JSON.stringify(loader)}).then(({ register }) => {
    register();
    return import(${JSON.stringify(pathToFileURL(file).href)});
  });`;
  return new Worker(code, { eval: true, workerData });
}

function settle(state: State, worker: Worker, { ids, revisions, error }: WriteAnswer): void {
  const { waiting, data } = state;
  state.outcomes++;
  for (const [index, id] of ids.entries()) {
    const one = waiting.get(id);
    waiting.delete(id);
    if (one?.table === "controls") state.controlOutcomes++;
    if (error === undefined) one?.resolve(revisions?.[index]);
    else one?.reject(journalError(error, data.path));
  }
  if (waiting.size === 0) worker.unref();
}

/**
 * Rejects every write that waits for an answer. The thread may have committed these writes, and may have ended before it could
 * answer.
 */
function failAll(state: State, cause: unknown): void {
  const error = isLoadFailure(cause) ? cause : new Error("THREAD_ENDED", { cause });
  const { waiting, data } = state;
  state.outcomes++;
  state.controlOutcomes++;
  for (const { reject } of waiting.values()) reject(journalError(error, data.path));
  waiting.clear();
}

// Runs in a worker thread: everything that waits for the disk does so here.
import { parentPort, receiveMessageOnPort, workerData, type MessagePort } from "node:worker_threads";
import { createApply, type Change } from "./change.js";
import type { Driver } from "./database.js";
import { openForWriting, opening } from "./open-database.js";
import { watchFiles } from "./same-file.js";
import { freesSpace, isDiskFull, keepReserve } from "./reserve.js";

/** What the thread is started with. */
export interface WriterData {
  readonly path: string;
  readonly driver: Driver;
}

/** One change that somebody waits for. */
export interface WriteRequest {
  readonly id: number;
  readonly change: Change;
}

/** What became of some of them: a revision each, or one error for all. */
export interface WriteAnswer {
  readonly ids: readonly number[];
  readonly revisions?: readonly (string | undefined)[];
  readonly error?: { readonly code: unknown; readonly message: string };
}

const BATCH_MAX = 256;

function serve(port: MessagePort, { path, driver }: WriterData): void {
  const database = opening(() => openForWriting(path, driver));
  // The files beside it are there from the first transaction on.
  database.exec("BEGIN IMMEDIATE; COMMIT");
  const hasFiles = watchFiles(path);
  hasFiles();
  const apply = createApply(database);
  const reserve = keepReserve(path);
  const fail = (requests: readonly WriteRequest[], error: unknown): void => {
    if (requests.length === 0) return;
    const { code, message } = error as { readonly code?: unknown; readonly message: string };
    port.postMessage({ ids: requests.map(({ id }) => id), error: { code, message } } satisfies WriteAnswer);
  };
  const write = (requests: readonly WriteRequest[]): void => {
    const ids = requests.map(({ id }) => id);
    try {
      const revisions = apply(requests.map(({ change }) => change));
      // What went into a file that nobody can open again is not acknowledged.
      if (!hasFiles()) throw new Error("REPLACED");
      port.postMessage({ ids, revisions } satisfies WriteAnswer);
      reserve.refill();
    } catch (error) {
      const freeing = requests.filter(({ change }) => freesSpace(change));
      if (freeing.length === 0 || !isDiskFull(error) || !reserve.release()) return fail(requests, error);
      fail(
        requests.filter((request) => !freeing.includes(request)),
        error,
      );
      write(freeing);
    }
  };
  port.on("message", (first: WriteRequest | "close") => {
    if (first === "close") {
      database.close();
      port.close();
      return;
    }
    // What has come while the last batch was written goes together, and waits for the disk once.
    const batch = [first];
    while (batch.length < BATCH_MAX) {
      const next: { readonly message: WriteRequest | "close" } | undefined = receiveMessageOnPort(port);
      if (next === undefined) break;
      if (next.message === "close") {
        port.emit("message", "close");
        break;
      }
      batch.push(next.message);
    }
    write(batch);
  });
}

if (parentPort !== null) serve(parentPort, workerData as WriterData);

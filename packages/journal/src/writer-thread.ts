// This module runs in a worker thread, where all changes wait for the disk.
import { parentPort, receiveMessageOnPort, workerData, type MessagePort } from "node:worker_threads";
import type { Change } from "./change.js";
import { openCommits } from "./commits.js";
import type { Driver } from "./database.js";
import { freesSpace, isDiskFull, keepReserve } from "./reserve.js";

/** The data with which the thread is started. */
export interface WriterData {
  readonly path: string;
  readonly driver: Driver;
}

/** A request to make one change. */
export interface WriteRequest {
  readonly id: number;
  readonly change: Change;
}

/** The answer to several requests: a revision for each request, or one error for all of them. */
export interface WriteAnswer {
  readonly ids: readonly number[];
  readonly revisions?: readonly (string | undefined)[];
  readonly error?: { readonly code: unknown; readonly message: string };
}

const BATCH_MAX = 256;

function serve(port: MessagePort, { path, driver }: WriterData): void {
  const commits = openCommits(path, driver);
  const reserve = keepReserve(path);
  const fail = (requests: readonly WriteRequest[], error: unknown): void => {
    if (requests.length === 0) return;
    const { code, message } = error as { readonly code?: unknown; readonly message: string };
    port.postMessage({ ids: requests.map(({ id }) => id), error: { code, message } } satisfies WriteAnswer);
  };
  const write = (requests: readonly WriteRequest[]): void => {
    const ids = requests.map(({ id }) => id);
    try {
      const revisions = commits.apply(requests.map(({ change }) => change));
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
      commits.close();
      port.close();
      return;
    }
    // The requests that came during the last batch form the next batch. The whole batch waits for the disk only once.
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

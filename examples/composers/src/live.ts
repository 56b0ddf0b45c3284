import type { StorageEvent } from "@stowage/core";
import type { ServerResponse } from "node:http";
import type { Composition } from "./composition.js";
import { sentenceOf } from "./sentences.js";
import { snapshotOf } from "./snapshot.js";

/** Pages that are told of every change. */
export interface Live {
  readonly onEvent: (event: StorageEvent) => void;
  /** Sends snapshots on a response until its client leaves. */
  readonly follow: (response: ServerResponse) => void;
  readonly changed: () => void;
  readonly close: () => void;
}

const SETTLE_MS = 100;
const POLL_MS = 500;
const LOG_LINES = 40;
/** A sentence that is true of reads and of writes is said once. */
const REPEAT_MS = 2000;
const PING_MS = 2000;

/** Makes snapshots of a composition after each change, and sends them to the pages that are open. */
export function createLive(): Live & { readonly watch: (composition: Composition) => void } {
  const pages = new Set<ServerResponse>();
  const log: { id: number; at: number; text: string }[] = [];
  let lines = 0;
  const leftOut = new Set<string>();
  let composition: Composition | undefined;
  let waiting = 0;
  let last = "";
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;

  const send = async (): Promise<void> => {
    if (composition === undefined || pages.size === 0) return;
    const snapshot = JSON.stringify(await snapshotOf(composition, leftOut, log));
    if (snapshot === last) return;
    last = snapshot;
    for (const page of pages) page.write(`data: ${snapshot}\n\n`);
  };
  const changed = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined;
      // One after the other: an older snapshot must not come last.
      running = (running ?? Promise.resolve()).then(send).catch(() => {});
    }, SETTLE_MS);
  };
  const poll = setInterval(() => void pollJournal().catch(() => {}), POLL_MS);
  // A page that hears nothing for a while says so.
  const pings = setInterval(() => {
    for (const page of pages) page.write("event: ping\ndata: \n\n");
  }, PING_MS);
  const pollJournal = async (): Promise<void> => {
    if (pages.size === 0 || composition?.journal === undefined) return;
    const { rows } = await composition.journal.counts();
    if (rows !== waiting || rows > 0) changed();
    waiting = rows;
  };
  return {
    watch: (given) => void (composition = given),
    onEvent: (event) => {
      if (event.type === "breaker") leftOut[event.state === "open" ? "add" : "delete"](event.provider);
      const text = sentenceOf(event);
      const isNews =
        text !== undefined && !log.some((line) => line.text === text && Date.now() - line.at < REPEAT_MS);
      if (isNews) log.unshift({ id: ++lines, at: Date.now(), text });
      log.length = Math.min(log.length, LOG_LINES);
      if (event.type !== "attempt" && event.type !== "read") changed();
    },
    follow: (response) => {
      response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
      response.write("retry: 1000\n\n");
      pages.add(response);
      response.once("close", () => pages.delete(response));
      last = "";
      changed();
    },
    changed,
    close: () => {
      clearInterval(poll);
      clearInterval(pings);
      clearTimeout(timer);
      for (const page of pages) page.end();
    },
  };
}

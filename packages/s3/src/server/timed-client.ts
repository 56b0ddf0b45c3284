import { clock, StorageError, linkedController } from "@stowage/core/provider";
import type { S3Call, S3Client } from "./client.js";
import type { S3Setup } from "../sdk/setup-requests.js";
import type { Store } from "../store.js";

/** The time limit, in milliseconds, for a request that makes no progress. */
const CONTROL_MS = 60_000;

/**
 * The minimum speed at which a part is expected to be sent, in bytes per millisecond. A larger part gets more time if the
 * number of sent bytes is not reported.
 */
const PART_BYTES_PER_MS_MIN = 32;

type Request = (request: { readonly body?: Uint8Array }, call: S3Call) => Promise<unknown>;

/**
 * Returns a store in which every request has a time limit. The store is meant for functions that run without the
 * wrapper `timeout`. The bodies of answers have no time limit.
 */
export function timedStore(store: Store): Store {
  const { close, ...requests } = store.client;
  const timed = Object.entries(requests).map(([name, request]) => [name, limited(store, request as Request)]);
  return { ...store, client: { ...(Object.fromEntries(timed) as S3Client), close } };
}

/** Returns the requests that set a bucket up, with a time limit for each. */
export function timedSetup(store: Store): S3Setup {
  const { read, write, openUploads, restore } = store.setup;
  const within = <T>(call: S3Call, send: (call: S3Call) => Promise<T>): Promise<T> =>
    inTime(store, CONTROL_MS, call, send);
  return {
    read: (what, call) => within(call, (timed) => read(what, timed)),
    write: (what, configuration, call) => within(call, (timed) => write(what, configuration, timed)),
    openUploads: (prefix, call) => within(call, (timed) => openUploads(prefix, timed)),
    restore: (request, call) => within(call, (timed) => restore(request, timed)),
  };
}

function limited(store: Store, send: Request): Request {
  return async (request, call) => {
    const milliseconds = CONTROL_MS + (request.body?.byteLength ?? 0) / PART_BYTES_PER_MS_MIN;
    return await inTime(store, milliseconds, call, (timed) => send(request, timed));
  };
}

async function inTime<T>(
  { name: provider }: Store,
  milliseconds: number,
  { signal, onSent }: S3Call,
  send: (call: S3Call) => Promise<T>,
): Promise<T> {
  const { controller, unlink } = linkedController(signal);
  const expire = (waitedMs: number): void => {
    const reason = `no answer came within ${Math.round(waitedMs)} ms`;
    controller.abort(new StorageError("Timeout", reason, { operation: "put", provider, applied: "unknown" }));
  };
  let timer = clock.setTimeout(expire, milliseconds, milliseconds);
  const hear = (bytes: number): void => {
    clock.clearTimeout(timer);
    timer = clock.setTimeout(expire, CONTROL_MS, CONTROL_MS);
    onSent?.(bytes);
  };
  try {
    return await send({ signal: controller.signal, onSent: hear });
  } finally {
    clock.clearTimeout(timer);
    unlink();
  }
}

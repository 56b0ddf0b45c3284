import { StorageError, linkedController } from "@stowage/core";
import type { S3Call, S3Client } from "./client.js";
import type { Store } from "./store.js";

/** How long a request may take that carries no body, in milliseconds. */
const CONTROL_MS = 60_000;

/** A part is given the more time the larger it is; slower than this nothing comes to an end. */
const PART_BYTES_PER_MS_MIN = 32;

type Request = (request: { readonly body?: Uint8Array }, call: S3Call) => Promise<unknown>;

/**
 * A store whose every request ends, for functions that no `timeout` is wrapped around. The bodies of answers are not
 * watched.
 */
export function timedStore(store: Store): Store {
  const { close, ...requests } = store.client;
  const timed = Object.entries(requests).map(([name, request]) => [name, limited(store, request as Request)]);
  return { ...store, client: { ...(Object.fromEntries(timed) as S3Client), close } };
}

function limited({ name: provider }: Store, send: Request): Request {
  return async (request, { signal }) => {
    const milliseconds = CONTROL_MS + (request.body?.byteLength ?? 0) / PART_BYTES_PER_MS_MIN;
    const { controller, unlink } = linkedController(signal);
    const reason = `no answer came within ${Math.round(milliseconds)} ms`;
    const expire = (): void =>
      controller.abort(
        new StorageError("Timeout", reason, { operation: "put", provider, applied: "unknown" }),
      );
    const timer = setTimeout(expire, milliseconds);
    try {
      return await send(request, { signal: controller.signal });
    } finally {
      clearTimeout(timer);
      unlink();
    }
  };
}

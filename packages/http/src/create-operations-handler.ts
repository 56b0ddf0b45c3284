import type { FileStorage, Health, Metrics } from "@stowage/core";
import { aFunction, knownNames, wholeNumber, type OptionNames } from "@stowage/core/provider";
import { checkStorage } from "./check-storage.js";
import { jsonAnswer, refusal, SAFE_HEADERS, type Answer } from "./wire/answer.js";
import { checkBasePath } from "./wire/base-path.js";
import { handlerOf, type HttpHandler } from "./wire/handler.js";
import { splitTarget } from "./wire/target.js";

/** The options of {@link createOperationsHandler}. */
export interface OperationsOptions {
  /**
   * The counters for `/metrics`.
   *
   * @default none: `/metrics` is 404
   */
  readonly metrics?: Metrics | undefined;
  /**
   * The path prefix of all routes, as it appears in the request that the handler receives.
   *
   * @default "/"
   */
  readonly basePath?: string | undefined;
  /**
   * The time for which the result of a health check is reused, in milliseconds. With 0, only requests that arrive while a check
   * is running share its result. A health check writes to journals and asks every member.
   *
   * @default 1,000
   */
  readonly reuseMs?: number | undefined;
  /**
   * Receives each error that led to a status of 500 or above. Errors that the function itself throws are ignored.
   *
   * @default none
   */
  readonly onError?: ((error: unknown) => void) | undefined;
}

const NAMES: OptionNames<OperationsOptions> = { metrics: true, basePath: true, reuseMs: true, onError: true };
const REUSE_MS = 1000;

/** The content type of the text format of Prometheus. @see https://prometheus.io/docs/instrumenting/exposition_formats/ */
const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/**
 * Makes a handler for monitoring a process. `/healthz` has the status 200 as long as the process answers. `/readyz` has
 * the status 200 if the storage can be used, and 503 otherwise. `/metrics` returns the counters for Prometheus.
 *
 * The answers contain the names of members and their problems, such as the path of a folder, but no keys. The handler does not check permissions,
 * so do not expose it to the public.
 *
 * @throws TypeError for options that are wrong.
 */
export function createOperationsHandler(storage: FileStorage, options: OperationsOptions = {}): HttpHandler {
  checkStorage("createOperationsHandler", storage);
  check(options);
  const { metrics, reuseMs = REUSE_MS, basePath = "/" } = options;
  const base = basePath === "/" ? "" : basePath;
  const health = reused(() => storage.health(), reuseMs);
  const routes: Readonly<Record<string, () => Promise<Answer>>> = {
    [`${base}/healthz`]: async () => jsonAnswer(200, { live: true }),
    [`${base}/readyz`]: async () => readiness(await health()),
    ...(metrics !== undefined && {
      [`${base}/metrics`]: async () => text(metrics.text(await health())),
    }),
  };
  return handlerOf(async ({ method, target }) => {
    const { path } = splitTarget(target);
    const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
    if (route === undefined) return undefined;
    if (method !== "GET" && method !== "HEAD")
      return refusal(405, "MethodNotAllowed", { allow: "GET, HEAD" });
    return await route();
  }, options.onError);
}

function check(options: OperationsOptions): void {
  knownNames("createOperationsHandler", options, NAMES);
  checkBasePath("createOperationsHandler", options.basePath);
  wholeNumber("createOperationsHandler", "reuseMs", options.reuseMs ?? REUSE_MS);
  if (options.metrics !== undefined)
    aFunction("createOperationsHandler", "metrics.text", options.metrics.text);
}

function readiness({ live, ready, degraded, reasons }: Health): Answer {
  return jsonAnswer(ready ? 200 : 503, { live, ready, degraded, reasons });
}

/** Returns a function that calls `call` only if the last answer is too old. Callers at the same time share one answer. */
function reused<T>(call: () => Promise<T>, reuseMs: number): () => Promise<T> {
  let last: { readonly answer: Promise<T>; settledAt: number | undefined } | undefined;
  return async () => {
    const isOld = last?.settledAt !== undefined && performance.now() - last.settledAt >= reuseMs;
    if (last === undefined || isOld) {
      const made = { answer: call(), settledAt: undefined as number | undefined };
      const settle = (): void => void (made.settledAt = performance.now());
      made.answer.then(settle, settle);
      last = made;
    }
    return await last.answer;
  };
}

function text(body: string): Answer {
  return {
    status: 200,
    headers: { ...SAFE_HEADERS, "content-type": METRICS_TYPE, "cache-control": "no-store" },
    body,
  };
}

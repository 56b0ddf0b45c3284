import type { FileStorage, Metrics } from "@stowage/core";
import { sendJson, type Routes } from "./http.js";
import { describe } from "./storage-routes.js";

/** What operators look at. */
interface Observed {
  readonly storage: FileStorage;
  readonly metrics: Metrics;
}

/** `GET /health` for a load balancer, `GET /metrics` for Prometheus, `GET /` for what is promised. */
export const OPERATOR_ROUTES: Routes<Observed> = {
  "GET /health": async ({ storage }, _, response) => {
    const health = await storage.health();
    await sendJson(response, health.ready ? 200 : 503, health);
  },
  "GET /metrics": async ({ storage, metrics }, _, response) => {
    const text = metrics.text(await storage.health());
    response.writeHead(200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" }).end(text);
  },
  "GET /": describe,
};

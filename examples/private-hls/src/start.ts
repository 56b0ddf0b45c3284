import { randomBytes } from "node:crypto";
import { serve } from "@hono/node-server";
import { createApp, openStorage, prepareBucket } from "./app.js";

const storage = await openStorage(process.env);
await prepareBucket(storage);
const keys = [{ id: "start", secret: randomBytes(32).toString("hex") }] as const;
// An application looks at its session here.
const app = createApp(storage, keys, (request) => request.headers.get("authorization") === "Bearer viewer");
const port = Number(process.env["PORT"] ?? 3000);
const server = serve({ fetch: app.fetch, port, hostname: "127.0.0.1" }, () => {
  console.log(`http://127.0.0.1:${port}`);
});
process.once("SIGTERM", () => server.close(() => void storage.close()));
process.once("SIGINT", () => server.close(() => void storage.close()));

import { randomBytes } from "node:crypto";
import { serve } from "@hono/node-server";
import { createApp, openStorage, prepareBucket } from "./app.js";

const storage = await openStorage(process.env);
await prepareBucket(storage);
const keys = [{ id: "start", secret: randomBytes(32).toString("hex") }] as const;
// An application looks at its session here.
const app = createApp(storage, keys, (request) => request.headers.get("authorization") === "Bearer viewer");
const server = serve({ fetch: app.fetch, port: Number(process.env["PORT"] ?? 3000), hostname: "127.0.0.1" });
console.log(server.address());
process.once("SIGTERM", () => server.close(() => void storage.close()));
process.once("SIGINT", () => server.close(() => void storage.close()));

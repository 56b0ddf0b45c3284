import { randomBytes } from "node:crypto";
import { createHandler, signed, toNodeListener } from "@stowage/http";
import { fromEnv } from "stowage";
import { createApp } from "./app.js";

// A folder has no links of its own: this server makes and answers them. They end when it is restarted.
const port = Number(process.env["PORT"] ?? 3000);
const url = `http://127.0.0.1:${port}`;
const keys = [{ id: "start", secret: randomBytes(32).toString("hex") }] as const;
const storage = await fromEnv(process.env, {
  wrap: (store) => (store.name === "local" ? signed(store, { baseUrl: `${url}/files`, keys }) : store),
});
const app = createApp(storage, new Map());
app.use(toNodeListener(createHandler(storage, { basePath: "/files", keys, authorize: () => false })));
const server = app.listen(port, "127.0.0.1", () => console.log(url));
process.once("SIGTERM", () => server.close(() => void storage.close()));
process.once("SIGINT", () => server.close(() => void storage.close()));

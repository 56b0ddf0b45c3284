import { createApp } from "./app.js";

const app = await createApp(process.env);
console.log(await app.listen({ port: Number(process.env["PORT"] ?? 3000), host: "127.0.0.1" }));
process.once("SIGTERM", () => void app.close());
process.once("SIGINT", () => void app.close());

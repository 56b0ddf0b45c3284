import { createApp } from "./app.js";

const app = await createApp(process.env);
await app.listen(Number(process.env["PORT"] ?? 3000), "127.0.0.1");
console.log(await app.getUrl());

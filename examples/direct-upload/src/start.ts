import { startExample } from "./start-example.js";

const { url, stop } = await startExample(process.env, Number(process.env["PORT"] ?? 3000));
console.log(`Open ${url} in a browser.`);
process.once("SIGTERM", () => void stop());
process.once("SIGINT", () => void stop());

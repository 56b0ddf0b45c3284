import { createStorage, fallback } from "@stowage/core";
import { logEvents } from "@stowage/http";
import { local } from "@stowage/local";
import { s3 } from "@stowage/s3";
import { createApp } from "./app.js";

// The region, the credentials and the server come from AWS_REGION, AWS_ACCESS_KEY_ID and so on.
const bucket = s3({ name: "bucket", bucket: process.env["BUCKET"] ?? "uploads" });
const folder = local({ name: "folder", root: "./uploads", create: true });

// Prints each failure. Without `debug` it would print each call.
const onEvent = logEvents({ ...console, debug: () => {} });
const storage = createStorage(fallback([bucket, folder]), { onEvent });
const port = Number(process.env["PORT"] ?? 3000);
const server = createApp(storage).listen(port, (error) => {
  if (error) throw error; // such as a port that is in use
  console.log(`http://localhost:${port}`);
});
process.once("SIGTERM", () => server.close(() => void storage.close()));

import { randomUUID } from "node:crypto";
import { createServer, type Server } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { Hono } from "hono";
import type { FileStorage } from "@stowage/core";
import { createHandler, errorResponse, receiveForm } from "@stowage/http";
import { readers } from "./session.js";

/** Serves and receives files with Hono, or with any other framework that has Web requests. */
export function start(storage: FileStorage): Server {
  const app = new Hono();

  // #region serve
  const files = createHandler(storage, { basePath: "/files", authorize: readers });
  app.get("/files/*", (context) => files(context.req.raw));
  // #endregion

  // #region upload
  app.post("/upload", async (context) => {
    try {
      const accepted = { maxBytes: 50_000_000, types: ["image/*", "video/*"] };
      const form = await receiveForm(storage, context.req.raw, { ...accepted, key: () => randomUUID() });
      return context.json(
        form.files.map(({ info }) => info.key),
        201,
      );
    } catch (error) {
      return errorResponse(error);
    }
  });
  // #endregion

  const listener = getRequestListener(app.fetch);
  return createServer((request, response) => void listener(request, response));
}

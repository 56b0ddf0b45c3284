import { randomUUID } from "node:crypto";
import { createServer, type Server } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { Hono } from "hono";
import type { FileStorage } from "@stowage/core";
import { createHandler, errorResponse, receiveForm } from "@stowage/http";
import { assertUser, keys, readers } from "./session.js";

/** Receives files, serves them, and makes links, with Hono. Every framework with Web requests works alike. */
export function start(storage: FileStorage): Server {
  const app = new Hono();
  app.onError((error) => errorResponse(error));

  app.post("/upload", async (context) => {
    assertUser(context.req.header("cookie"));
    const { files } = await receiveForm(storage, context.req.raw, {
      maxBytes: 50_000_000,
      types: ["image/*", "video/*"],
      key: () => randomUUID(),
      overwrite: true, // every key is new
    });
    const keysOfFiles = files.map(({ info }) => info.key);
    return context.json(keysOfFiles, 201);
  });

  const serve = createHandler(storage, { basePath: "/files", authorize: readers, keys });
  app.all("/files/*", (context) => serve(context.req.raw));

  app.get("/link", async (context) => {
    assertUser(context.req.header("cookie"));
    const url = await storage.signedUrl(context.req.query("key") ?? "", { expiresInSeconds: 600 });
    return context.json({ url });
  });

  app.post("/sign", async (context) => {
    assertUser(context.req.header("cookie"));
    const limits = { contentType: "image/png", maxBytes: 5_000_000 };
    return context.json(await storage.signUpload(randomUUID(), limits));
  });

  const listener = getRequestListener(app.fetch);
  return createServer((request, response) => void listener(request, response));
}

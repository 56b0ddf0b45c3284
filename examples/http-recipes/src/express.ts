import { randomUUID } from "node:crypto";
import { createServer, type Server } from "node:http";
import express, { type NextFunction, type Request, type Response } from "express";
import type { FileStorage } from "@stowage/core";
import { createHandler, receiveForm, sendError, toNodeListener } from "@stowage/http";
import { assertUser, keys, readers } from "./session.js";

/** Receives files, serves them, and makes links, with Express. */
export function start(storage: FileStorage): Server {
  const app = express();

  app.post("/upload", async (request, response) => {
    assertUser(request.headers.cookie);
    const { files } = await receiveForm(storage, request, {
      maxBytes: 50_000_000,
      types: ["image/*", "video/*"],
      key: () => randomUUID(),
      overwrite: true, // every key is new
    });
    response.status(201).json(files.map(({ info }) => info.key));
  });

  app.use("/files", toNodeListener(createHandler(storage, { authorize: readers, keys })));

  app.get("/link", async (request, response) => {
    assertUser(request.headers.cookie);
    const key = new URL(request.url, "http://localhost").searchParams.get("key") ?? "";
    response.json({ url: await storage.signedUrl(key, { expiresInSeconds: 600 }) });
  });

  app.post("/sign", async (request, response) => {
    assertUser(request.headers.cookie);
    const limits = { contentType: "image/png", maxBytes: 5_000_000 };
    response.json(await storage.signUpload(randomUUID(), limits));
  });

  app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
    void sendError(response, error);
  });
  return createServer(app);
}

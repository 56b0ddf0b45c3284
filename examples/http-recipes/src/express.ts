import { randomUUID } from "node:crypto";
import { createServer, type Server } from "node:http";
import express from "express";
import type { FileStorage } from "@stowage/core";
import { createHandler, receiveForm, sendError, toNodeListener } from "@stowage/http";
import { readers } from "./session.js";

/** Serves and receives files with Express. */
export function start(storage: FileStorage): Server {
  const app = express();

  // #region serve
  app.use("/files", toNodeListener(createHandler(storage, { authorize: readers })));
  // #endregion

  // #region upload
  app.post("/upload", async (request, response) => {
    try {
      const accepted = { maxBytes: 50_000_000, types: ["image/*", "video/*"] };
      const form = await receiveForm(storage, request, { ...accepted, key: () => randomUUID() });
      response.status(201).json(form.files.map(({ info }) => info.key));
    } catch (error) {
      await sendError(response, error);
    }
  });
  // #endregion

  return createServer(app);
}

import "reflect-metadata";
import { randomUUID } from "node:crypto";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import type { FileStorage } from "@stowage/core";
import { createHandler, receiveForm, sendError, toNodeListener } from "@stowage/http";
import { readers } from "./session.js";

class AppModule {}
Module({})(AppModule);

/** Serves and receives files with Nest. */
export async function start(storage: FileStorage): Promise<Server> {
  const app = await NestFactory.create(AppModule, { logger: false });

  // #region serve
  app.use("/files", toNodeListener(createHandler(storage, { authorize: readers })));
  // #endregion

  // #region upload
  app.use("/upload", async (request: IncomingMessage, response: ServerResponse) => {
    try {
      const accepted = { maxBytes: 50_000_000, types: ["image/*", "video/*"] };
      const form = await receiveForm(storage, request, { ...accepted, key: () => randomUUID() });
      response.writeHead(201).end(JSON.stringify(form.files.map(({ info }) => info.key)));
    } catch (error) {
      await sendError(response, error);
    }
  });
  // #endregion

  await app.init();
  return app.getHttpServer() as Server;
}

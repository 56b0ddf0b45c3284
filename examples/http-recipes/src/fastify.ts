import { randomUUID } from "node:crypto";
import type { Server } from "node:http";
import fastify from "fastify";
import type { FileStorage } from "@stowage/core";
import { createHandler, receiveForm, sendError, toNodeListener } from "@stowage/http";
import { readers } from "./session.js";

/** Serves and receives files with Fastify. */
export async function start(storage: FileStorage): Promise<Server> {
  const app = fastify();

  // #region serve
  const files = toNodeListener(createHandler(storage, { basePath: "/files", authorize: readers }));
  app.get("/files/*", (request, reply) => files(request.raw, reply.hijack().raw));
  // #endregion

  // #region upload
  app.addContentTypeParser("multipart/form-data", (_request, _payload, done) => done(null));
  app.post("/upload", async (request, reply) => {
    try {
      const accepted = { maxBytes: 50_000_000, types: ["image/*", "video/*"] };
      const form = await receiveForm(storage, request.raw, { ...accepted, key: () => randomUUID() });
      return await reply.code(201).send(form.files.map(({ info }) => info.key));
    } catch (error) {
      return await sendError(reply.hijack().raw, error);
    }
  });
  // #endregion

  await app.ready();
  return app.server;
}

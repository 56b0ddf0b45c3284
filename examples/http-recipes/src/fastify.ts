import { randomUUID } from "node:crypto";
import type { Server } from "node:http";
import fastify from "fastify";
import type { FileStorage } from "@stowage/core";
import { createHandler, receiveForm, sendError, toNodeListener } from "@stowage/http";
import { assertUser, keys, readers } from "./session.js";

/** Receives files, serves them, and makes links, with Fastify. */
export async function start(storage: FileStorage): Promise<Server> {
  const app = fastify();
  app.addContentTypeParser("multipart/form-data", (_request, _payload, done) => done(null));
  app.addContentTypeParser("*", (_request, _payload, done) => done(null));
  app.setErrorHandler(async (error, _request, reply) => await sendError(reply.hijack().raw, error));

  app.post("/upload", async (request, reply) => {
    assertUser(request.headers.cookie);
    const { files } = await receiveForm(storage, request.raw, {
      maxBytes: 50_000_000,
      types: ["image/*", "video/*"],
      key: () => randomUUID(),
      overwrite: true, // every key is new
    });
    return await reply.code(201).send(files.map(({ info }) => info.key));
  });

  const serve = toNodeListener(createHandler(storage, { basePath: "/files", authorize: readers, keys }));
  app.all("/files/*", async (request, reply) => await serve(request.raw, reply.hijack().raw));

  app.get<{ Querystring: { key: string } }>("/link", async (request) => {
    assertUser(request.headers.cookie);
    return { url: await storage.signedUrl(request.query.key, { expiresInSeconds: 600 }) };
  });

  app.post("/sign", async (request) => {
    assertUser(request.headers.cookie);
    return await storage.signUpload(randomUUID(), { contentType: "image/png", maxBytes: 5_000_000 });
  });

  await app.ready();
  return app.server;
}

import { randomUUID } from "node:crypto";
import { createMetrics } from "@stowage/core";
import {
  createHandler,
  createOperationsHandler,
  logEvents,
  receive,
  receiveForm,
  sendError,
  toNodeListener,
} from "@stowage/http";
import fastify, { type FastifyInstance, type FastifyReply } from "fastify";
import { fromEnv, type Environment, type FromEnvOptions } from "stowage";

const VIDEO_BYTES_MAX = 5_000_000_000;
const THUMBNAIL = { maxBytes: 5_000_000, types: ["image/*"] };

/** Makes the application. Closing it closes its storage and its journal. */
export async function createApp(env: Environment, options: FromEnvOptions = {}): Promise<FastifyInstance> {
  const metrics = createMetrics();
  const log = logEvents({ ...console, debug: () => {} });
  const storage = await fromEnv(env, {
    ...options,
    onEvent: (event) => {
      metrics.onEvent(event);
      log(event);
    },
  });
  const app = fastify({ forceCloseConnections: true });
  app.addHook("onClose", async () => await storage.close());
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_request, _payload, done) => done(null));
  app.setErrorHandler(
    async (error, _request, reply: FastifyReply) => await sendError(reply.hijack().raw, error),
  );

  // A form with a video and, if there is one, its thumbnail.
  app.post("/videos", async (request, reply) => {
    const id = randomUUID();
    const { files } = await receiveForm(storage, request.raw, {
      maxBytes: VIDEO_BYTES_MAX,
      files: { video: { types: ["video/*"], required: true }, thumbnail: THUMBNAIL },
      key: ({ field }) => `${field}s/${id}`,
      overwrite: true,
    });
    return await reply.code(201).send({ id, files: files.map(({ info }) => info.key) });
  });

  app.put<{ Params: { id: string } }>("/thumbnails/:id", async ({ params, raw }, reply) => {
    const limits = { ...THUMBNAIL, overwrite: true };
    const { key } = await receive(storage, `thumbnails/${params.id}`, raw, limits);
    return await reply.code(201).send({ key });
  });

  app.delete<{ Params: { id: string } }>("/videos/:id", async ({ params: { id } }, reply) => {
    await Promise.all([storage.delete(`videos/${id}`), storage.delete(`thumbnails/${id}`)]);
    return await reply.code(204).send();
  });

  // Sends a client to the bucket where the object is there, and streams from the disk otherwise.
  const files = createHandler(storage, {
    authorize: (_request, { action, key }) => action === "get" && /^(?:videos|thumbnails)\//.test(key),
    serve: { mode: "auto", cacheControl: "private, max-age=60" },
  });
  const operations = createOperationsHandler(storage, { metrics });
  for (const [paths, handler] of [
    [["/videos/*", "/thumbnails/*"], files],
    [["/healthz", "/readyz", "/metrics"], operations],
  ] as const) {
    const listener = toNodeListener(handler);
    for (const path of paths) app.get(path, (request, reply) => listener(request.raw, reply.hijack().raw));
  }
  return app;
}

import "reflect-metadata";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { INestApplication } from "@nestjs/common";
import { Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { createMetrics } from "@stowage/core";
import { createOperationsHandler, sendError, serveNode, toNodeListener } from "@stowage/http";
import { fromEnv, type Environment, type FromEnvOptions } from "stowage";
import { MediaService } from "./media.js";

/** Makes the application. Closing it closes its storage and its journal. */
export async function createApp(env: Environment, options: FromEnvOptions = {}): Promise<INestApplication> {
  const metrics = createMetrics();
  // The policy of the document grants no s3:ListBucket.
  const storage = await fromEnv(env, { onEvent: metrics.onEvent, s3: { canList: false }, ...options });
  class AppModule {
    async onApplicationShutdown(): Promise<void> {
      await storage.close();
    }
  }
  Module({ providers: [{ provide: MediaService, useValue: new MediaService(storage) }] })(AppModule);
  const app = await NestFactory.create(AppModule, {
    logger: false,
    bodyParser: false,
    forceCloseConnections: true,
  });
  app.enableShutdownHooks();
  const media = app.get(MediaService);

  app.use("/media", async (request: IncomingMessage, response: ServerResponse) => {
    const { searchParams } = new URL(request.url ?? "", "http://localhost");
    const url = searchParams.get("url") ?? "";
    try {
      if (request.method === "POST") {
        const row = await media.store(
          request,
          searchParams.get("ext") ?? "bin",
          request.headers["content-type"],
        );
        response.writeHead(201, { "content-type": "application/json" }).end(JSON.stringify(row));
      } else if (request.method === "DELETE") {
        await storage.delete(media.keyOf(url));
        response.writeHead(204).end();
      } else {
        await serveNode(storage, media.keyOf(url), request, response);
      }
    } catch (error) {
      await sendError(response, error);
    }
  });
  app.use(toNodeListener(createOperationsHandler(storage, { metrics })));
  return app;
}

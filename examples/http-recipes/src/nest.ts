import "reflect-metadata";
import { randomUUID } from "node:crypto";
import type { Server, ServerResponse } from "node:http";
import { Module, type ArgumentsHost } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import type { NestExpressApplication } from "@nestjs/platform-express";
import type { FileStorage } from "@stowage/core";
import { createHandler, receiveForm, sendError, toNodeListener, type NodeListener } from "@stowage/http";
import { assertUser, keys, readers } from "./session.js";

class AppModule {}
Module({})(AppModule);

/** Receives files, serves them, and makes links, with Nest. */
export async function start(storage: FileStorage): Promise<Server> {
  const app = await NestFactory.create<NestExpressApplication>(AppModule, { logger: false });
  app.useGlobalFilters({
    catch: async (error: unknown, host: ArgumentsHost) =>
      await sendError(host.switchToHttp().getResponse<ServerResponse>(), error),
  });

  const upload: NodeListener = async (request, response) => {
    assertUser(request.headers.cookie);
    const { files } = await receiveForm(storage, request, {
      maxBytes: 50_000_000,
      types: ["image/*", "video/*"],
      key: () => randomUUID(),
      overwrite: true, // every key is new
    });
    response.writeHead(201).end(JSON.stringify(files.map(({ info }) => info.key)));
  };
  app.use("/upload", upload);

  app.use("/files", toNodeListener(createHandler(storage, { authorize: readers, keys })));

  const link: NodeListener = async (request, response) => {
    assertUser(request.headers.cookie);
    const key = new URL(request.url ?? "", "http://localhost").searchParams.get("key") ?? "";
    const url = await storage.signedUrl(key, { expiresInSeconds: 600 });
    response.end(JSON.stringify({ url }));
  };
  app.use("/link", link);

  const sign: NodeListener = async (request, response) => {
    assertUser(request.headers.cookie);
    const limits = { contentType: "image/png", maxBytes: 5_000_000 };
    response.end(JSON.stringify(await storage.signUpload(randomUUID(), limits)));
  };
  app.use("/sign", sign);

  await app.init();
  return app.getHttpServer();
}

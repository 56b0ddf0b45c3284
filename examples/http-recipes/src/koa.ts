import { randomUUID } from "node:crypto";
import { createServer, type Server } from "node:http";
import Koa from "koa";
import type { FileStorage } from "@stowage/core";
import { createHandler, receiveForm, sendError, toNodeListener } from "@stowage/http";
import { assertUser, keys, readers } from "./session.js";

/** Receives files, serves them, and makes links, with Koa. */
export function start(storage: FileStorage): Server {
  const app = new Koa();
  const serve = toNodeListener(createHandler(storage, { basePath: "/files", authorize: readers, keys }));

  app.use(async (context, next) => {
    try {
      await next();
    } catch (error) {
      context.respond = false;
      await sendError(context.res, error);
    }
  });

  app.use(async (context) => {
    if (context.path.startsWith("/files/")) {
      context.respond = false;
      return await serve(context.req, context.res);
    }
    assertUser(context.headers.cookie);
    if (context.path === "/upload") {
      const { files } = await receiveForm(storage, context.req, {
        maxBytes: 50_000_000,
        types: ["image/*", "video/*"],
        key: () => randomUUID(),
        overwrite: true, // every key is new
      });
      context.body = files.map(({ info }) => info.key);
      context.status = 201;
    } else if (context.path === "/link") {
      const url = await storage.signedUrl(String(context.query["key"]), { expiresInSeconds: 600 });
      context.body = { url };
    } else if (context.path === "/sign") {
      const limits = { contentType: "image/png", maxBytes: 5_000_000 };
      context.body = await storage.signUpload(randomUUID(), limits);
    }
  });

  const listener = app.callback();
  return createServer((request, response) => void listener(request, response));
}

import { randomUUID } from "node:crypto";
import { createServer, type Server } from "node:http";
import Koa from "koa";
import type { FileStorage } from "@stowage/core";
import { createHandler, receiveForm, sendError, toNodeListener } from "@stowage/http";
import { readers } from "./session.js";

/** Serves and receives files with Koa. */
export function start(storage: FileStorage): Server {
  const app = new Koa();

  // #region serve
  const files = toNodeListener(createHandler(storage, { basePath: "/files", authorize: readers }));
  app.use(async (context, next) => {
    if (context.path.startsWith("/files/")) {
      context.respond = false;
      await files(context.req, context.res);
    } else await next();
  });
  // #endregion

  // #region upload
  app.use(async (context) => {
    if (context.path !== "/upload") return;
    try {
      const accepted = { maxBytes: 50_000_000, types: ["image/*", "video/*"] };
      const form = await receiveForm(storage, context.req, { ...accepted, key: () => randomUUID() });
      context.status = 201;
      context.body = form.files.map(({ info }) => info.key);
    } catch (error) {
      context.respond = false;
      await sendError(context.res, error);
    }
  });
  // #endregion

  const listener = app.callback();
  return createServer((request, response) => void listener(request, response));
}

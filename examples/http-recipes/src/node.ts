import { randomUUID } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { FileStorage } from "@stowage/core";
import { createHandler, receiveForm, sendError, toNodeListener } from "@stowage/http";
import { readers } from "./session.js";

/** Serves and receives files with `node:http`. */
export function start(storage: FileStorage): Server {
  // #region serve
  const files = toNodeListener(createHandler(storage, { basePath: "/files", authorize: readers }));
  // #endregion

  // #region upload
  const upload: typeof files = async (request, response) => {
    try {
      const accepted = { maxBytes: 50_000_000, types: ["image/*", "video/*"] };
      const form = await receiveForm(storage, request, { ...accepted, key: () => randomUUID() });
      response.writeHead(201).end(JSON.stringify(form.files.map(({ info }) => info.key)));
    } catch (error) {
      await sendError(response, error);
    }
  };
  // #endregion

  return createServer((request, response) => {
    const isUpload = request.method === "POST" && request.url === "/upload";
    void (isUpload ? upload(request, response) : files(request, response));
  });
}

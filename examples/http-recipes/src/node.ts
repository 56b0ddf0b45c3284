import { randomUUID } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { FileStorage } from "@stowage/core";
import { createHandler, receiveForm, sendError, toNodeListener, type NodeListener } from "@stowage/http";
import { assertUser, keys, readers } from "./session.js";

/** Receives files, serves them, and makes links, with `node:http`. */
export function start(storage: FileStorage): Server {
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

  const serve = toNodeListener(createHandler(storage, { basePath: "/files", authorize: readers, keys }));

  const link: NodeListener = async (request, response) => {
    assertUser(request.headers.cookie);
    const key = new URL(request.url ?? "", "http://localhost").searchParams.get("key") ?? "";
    const url = await storage.signedUrl(key, { expiresInSeconds: 600 });
    response.end(JSON.stringify({ url }));
  };

  const sign: NodeListener = async (request, response) => {
    assertUser(request.headers.cookie);
    const limits = { contentType: "image/png", maxBytes: 5_000_000 };
    response.end(JSON.stringify(await storage.signUpload(randomUUID(), limits)));
  };

  const routes: Readonly<Record<string, NodeListener>> = {
    "POST /upload": upload,
    "GET /link": link,
    "POST /sign": sign,
  };
  return createServer((request, response) => {
    const [path = ""] = (request.url ?? "").split("?");
    const route = routes[`${request.method} ${path}`] ?? serve;
    route(request, response).catch((error: unknown) => sendError(response, error));
  });
}

import type { FileStorage, ObjectInfo } from "@stowage/core";
import type { IncomingMessage } from "node:http";
import { keyOf, sendJson, sendObject, type Handler } from "./http.js";

/** Whoever has a storage. */
interface Stored {
  readonly storage: FileStorage;
}

/** The body of a request becomes an object. */
export async function putRequest(
  { storage }: Stored,
  key: string,
  request: IncomingMessage,
): Promise<ObjectInfo> {
  const length = request.headers["content-length"];
  return await storage.put(key, request, { size: length === undefined ? undefined : Number(length) });
}

/** `DELETE /<key>` */
export const remove: Handler<Stored> = async ({ storage }, _, response, url) => {
  await storage.delete(keyOf(url));
  response.writeHead(204).end();
};

/** `GET /at?ref=…`: reads what a ref from an old database row points to. */
export const readAt: Handler<Stored> = async ({ storage }, request, response, url) => {
  await sendObject(request, response, await storage.at(url.searchParams.get("ref") ?? "").get());
};

/** `GET /`: what is promised. */
export const describe: Handler<Stored> = async ({ storage }, _, response) =>
  await sendJson(response, 200, storage.describe());

/** One file server in a process of its own: `node server.mjs SUBJECT FOLDER`. Tells its port, and ends with its parent. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import path from "node:path";
import { createStorage } from "@stowage/core";
import { createHandler, toNodeListener } from "@stowage/http";
import { local } from "@stowage/local";
import send from "send";

const [subject, root] = process.argv.slice(2);

const LISTENERS = {
  stowage: () => {
    const storage = createStorage(local({ root }));
    return toNodeListener(
      createHandler(storage, {
        authorize: () => true,
        receive: { maxBytes: 1_000_000_000, overwrite: true },
      }),
    );
  },
  send: () => (request, response) => send(request, request.url, { root }).pipe(response),
  /** The least that anybody could write: no ranges, no conditions, no types. */
  pipe: () => async (request, response) => {
    const file = path.join(root, decodeURIComponent(request.url));
    const { size } = await stat(file);
    response.setHeader("content-length", size);
    createReadStream(file).pipe(response);
  },
};

const server = createServer(LISTENERS[subject]());
server.listen(0, "127.0.0.1", () => process.send({ port: server.address().port }));
process.on("disconnect", () => process.exit());

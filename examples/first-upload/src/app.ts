import { randomUUID } from "node:crypto";
import type { FileStorage } from "@stowage/core";
import { createHandler, receiveForm, sendError, toNodeListener } from "@stowage/http";
import express, { type Express } from "express";

const PAGE = `<!doctype html>
<title>First upload</title>
<form method="post" action="/upload" enctype="multipart/form-data">
  <input type="file" name="file" required> <button>Upload</button>
</form>`;

/** Makes the application. */
export function createApp(storage: FileStorage): Express {
  const app = express();
  app.get("/", (_request, response) => void response.send(PAGE));

  // Receives the file of the form, at most 50 MB, and sends the browser to the file.
  app.post("/upload", async (request, response) => {
    try {
      const { files } = await receiveForm(storage, request, {
        maxBytes: 50_000_000,
        files: { file: { required: true } },
        maxFiles: 1,
        key: ({ extension }) => `${randomUUID()}${extension && `.${extension}`}`,
        overwrite: true, // not every S3 server can refuse an existing key, and these keys are always new
      });
      for (const { info } of files) {
        console.log(`${info.key} is in "${info.provider}"`);
        response.redirect(303, `/files/${info.key}`);
      }
    } catch (error) {
      await sendError(response, error);
    }
  });

  // Serves every file to everybody. Decide here who may read which key.
  app.use("/files", toNodeListener(createHandler(storage, { authorize: () => true })));
  return app;
}

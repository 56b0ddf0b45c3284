import { randomUUID } from "node:crypto";
import { isStorageError, type FileStorage, type ObjectInfo } from "@stowage/core";
import { HttpError, sendError } from "@stowage/http";
import express, {
  type Express,
  type NextFunction,
  type Request,
  type RequestHandler,
  type Response,
} from "express";
import multer, { type StorageEngine } from "multer";

const VIDEO_BYTES_MAX = 500_000_000;

/** A row of the database. Rows of earlier days have the address of the video as their `ref`. */
export interface Video {
  readonly id: string;
  readonly provider: string;
  readonly ref: string;
}

/** Makes the application. @param videos - The table of the database. */
export function createApp(storage: FileStorage, videos: Map<string, Video>): Express {
  const app = express();
  const upload = multer({ storage: engineOf(storage) }).single("video");
  const receive: RequestHandler = (request, response, next) =>
    upload(request, response, (error?: Error | string) => {
      const isOurs = error === undefined || isStorageError(error);
      next(isOurs ? error : new HttpError(400, "MalformedForm", String(error)));
    });

  app.post("/videos", receive, (request, response) => {
    if (request.file === undefined) throw new HttpError(400, "NoVideo", "the form has no file named video");
    const { key: id, provider, ref } = request.file as unknown as ObjectInfo;
    videos.set(id, { id, provider, ref });
    response.status(201).json({ id, provider });
  });

  app.get("/videos/:id", async (request, response) => {
    const { id, provider, ref } = rowOf(request);
    response.json({ id, provider, url: await playerUrl(ref) });
  });

  // Deletes where the row says that the video is: the other store may be down.
  app.delete("/videos/:id", async (request, response) => {
    const { id, ref } = rowOf(request);
    await storage.at(ref).delete();
    videos.delete(id);
    response.status(204).end();
  });

  app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
    void sendError(response, error);
  });

  function rowOf({ params }: Request): Video {
    const row = videos.get(String(params["id"]));
    if (row === undefined) throw new HttpError(404, "NotFound", "there is no such video");
    return row;
  }

  /** Returns an address for the player: a public one where the store has it, else one that expires. */
  async function playerUrl(ref: string): Promise<string> {
    try {
      return await storage.at(ref).publicUrl();
    } catch (error) {
      if (isStorageError(error, "Unsupported")) return await storage.at(ref).signedUrl();
      throw error;
    }
  }

  return app;
}

/** Has multer store files while they arrive. */
function engineOf(storage: FileStorage): StorageEngine {
  return {
    _handleFile: (_request, { stream, mimetype: contentType }, done) => {
      const options = { contentType, maxBytes: VIDEO_BYTES_MAX };
      storage.put(randomUUID(), stream, options).then((info) => done(null, info as object), done);
    },
    _removeFile: (_request, file, done) => {
      storage.delete((file as unknown as ObjectInfo).key).then(() => done(null), done);
    },
  };
}

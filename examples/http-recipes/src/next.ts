import { randomUUID } from "node:crypto";
import type { FileStorage } from "@stowage/core";
import { createHandler, errorResponse, receiveForm } from "@stowage/http";
import { assertUser, keys, readers } from "./session.js";

type Route = (request: Request) => Promise<Response>;

/** Makes the routes of Next. In an application each part is a file, which imports the storage and exports its functions. */
export function routes(storage: FileStorage): Readonly<Record<string, Readonly<Record<string, Route>>>> {
  const answer = (route: Route): Route => {
    return (request) => route(request).catch(errorResponse);
  };

  // app/upload/route.ts: export const POST = …
  const upload = answer(async (request) => {
    assertUser(request.headers.get("cookie"));
    const { files } = await receiveForm(storage, request, {
      maxBytes: 50_000_000,
      types: ["image/*", "video/*"],
      key: () => randomUUID(),
      overwrite: true, // every key is new
    });
    const keysOfFiles = files.map(({ info }) => info.key);
    return Response.json(keysOfFiles, { status: 201 });
  });

  // app/files/[...key]/route.ts: export { serve as GET, serve as PUT }
  const serve = createHandler(storage, { basePath: "/files", authorize: readers, keys });

  // app/link/route.ts: export const GET = …
  const link = answer(async (request) => {
    assertUser(request.headers.get("cookie"));
    const key = new URL(request.url).searchParams.get("key") ?? "";
    return Response.json({ url: await storage.signedUrl(key, { expiresInSeconds: 600 }) });
  });

  // app/sign/route.ts: export const POST = …
  const sign = answer(async (request) => {
    assertUser(request.headers.get("cookie"));
    const limits = { contentType: "image/png", maxBytes: 5_000_000 };
    return Response.json(await storage.signUpload(randomUUID(), limits));
  });

  return {
    upload: { POST: upload },
    files: { GET: serve, PUT: serve },
    link: { GET: link },
    sign: { POST: sign },
  };
}

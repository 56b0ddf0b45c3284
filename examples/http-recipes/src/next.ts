import { randomUUID } from "node:crypto";
import type { FileStorage } from "@stowage/core";
import { createHandler, errorResponse, receiveForm } from "@stowage/http";
import { readers } from "./session.js";

type RouteHandler = (request: Request) => Promise<Response>;

/** Makes the handlers of `app/files/[...key]/route.ts` and `app/upload/route.ts`. A real route file imports the storage. */
export function routes(storage: FileStorage): { readonly GET: RouteHandler; readonly POST: RouteHandler } {
  // #region serve
  const GET = createHandler(storage, { basePath: "/files", authorize: readers });
  // #endregion

  // #region upload
  async function POST(request: Request): Promise<Response> {
    try {
      const accepted = { maxBytes: 50_000_000, types: ["image/*", "video/*"] };
      const form = await receiveForm(storage, request, { ...accepted, key: () => randomUUID() });
      return Response.json(
        form.files.map(({ info }) => info.key),
        { status: 201 },
      );
    } catch (error) {
      return errorResponse(error);
    }
  }
  // #endregion

  return { GET, POST };
}

import type { Authorize } from "@stowage/http";

/** Stands for the session check of an application: a user who is signed in has a cookie. */
function isSignedIn(request: {
  readonly headers: { readonly get: (name: string) => string | null | undefined };
}): boolean {
  return request.headers.get("cookie") === "session=1";
}

/** Lets people who are signed in read everything. */
export const readers: Authorize = (request, { action }) => action === "get" && isSignedIn(request);

import { HttpError, type Authorize, type SigningKeys } from "@stowage/http";

/** Signs the links of a storage that has none of its own, such as a folder. A bucket signs its links itself. */
export const keys: SigningKeys = [{ id: "2026-11", secret: "at least 32 bytes that nobody can guess" }];

/** Lets users who are signed in read everything. Put the rules of your application here. */
export const readers: Authorize = ({ headers }, { action }) =>
  action === "get" && isSignedIn(headers.get("cookie"));

/** Stands for the session check of an application. @throws HttpError 403 when nobody is signed in. */
export function assertUser(cookie: string | null | undefined): void {
  if (!isSignedIn(cookie)) throw new HttpError(403, "Forbidden", "nobody is signed in");
}

function isSignedIn(cookie: string | null | undefined): boolean {
  return cookie === "session=1";
}

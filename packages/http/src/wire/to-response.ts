import type { StoredObject } from "@stowage/core";
import type { Answer } from "./answer.js";

/** Makes the Web response of an answer. */
export function toResponse({ status, headers, body }: Answer): Response {
  const sent = new Headers();
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) sent.set(name, value);
  return new Response(isStored(body) ? body.body : (body ?? null), { status, headers: sent });
}

/** Tells whether a body is a stored object, which owns a file or a socket. */
export function isStored(body: Answer["body"]): body is StoredObject {
  return typeof body === "object" && "destroy" in body;
}

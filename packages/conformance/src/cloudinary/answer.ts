import type { ServerResponse } from "node:http";
import { Refusal } from "./refusal.js";

export function answerJson(
  response: ServerResponse,
  status: number,
  content: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const body = Buffer.from(JSON.stringify(content));
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "content-length": body.byteLength,
    ...headers,
  });
  response.end(body);
}

export function answerRefusal(response: ServerResponse, error: unknown): void {
  const refusal = error instanceof Refusal ? error : new Refusal(500, "General Error");
  answerJson(
    response,
    refusal.status,
    { error: { message: refusal.message } },
    // Characters that a header cannot contain become "?".
    { "x-cld-error": refusal.message.replace(/[^\x20-\x7e]/g, "?"), ...refusal.headers },
  );
}

import { clock, onAbort } from "@stowage/core/provider";
import type { IncomingMessage } from "node:http";
import { CloudinaryFailureError, type CloudinaryFailure } from "../client.js";
import { failed } from "./exchange.js";

/** The maximum size of an answer, in bytes. A larger answer does not come from the API. */
const ANSWER_BYTES_MAX = 16 * 1024 * 1024;

/** The time limit for reading the body of an answer, in milliseconds. */
const ANSWER_MS = 30_000;

/**
 * Reads the JSON of an answer.
 *
 * @throws CloudinaryFailureError for an answer that is not the JSON of a success.
 */
export async function readAnswer(
  answer: IncomingMessage,
  signal?: AbortSignal,
): Promise<Record<string, unknown>> {
  const text = await readText(answer, signal);
  const content = parsed(text);
  const message = messageIn(content) ?? String(answer.headers["x-cld-error"] ?? "");
  const facts = factsOf(answer);
  const isSuccess = facts.status === 200 && content !== undefined && messageIn(content) === undefined;
  if (isSuccess) return content;
  const kind = message === "" && !OF_PROXIES.has(facts.status ?? 0) ? "senseless" : "answered";
  throw new CloudinaryFailureError({ ...facts, kind, message, retryAfterMs: retryAfter(answer, message) });
}

/**
 * The error statuses that a proxy may send. With such a status, an answer needs no message from Cloudinary. Any other
 * answer without a message is not a valid answer.
 */
const OF_PROXIES: ReadonlySet<number> = new Set([413, 416, 420, 423, 429, 499, 500, 502, 503, 504, 507, 509]);

async function readText(answer: IncomingMessage, signal: AbortSignal | undefined): Promise<string> {
  const stop = (): void => void answer.destroy();
  const timer = clock.setTimeout(stop, ANSWER_MS);
  const unlink = onAbort(signal, stop);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.byteLength;
      if (size > ANSWER_BYTES_MAX) break;
    }
    if (!answer.complete) throw new Error("the answer was cut");
    return Buffer.concat(chunks).toString("utf8");
  } catch (error) {
    signal?.throwIfAborted();
    throw failed(error);
  } finally {
    clock.clearTimeout(timer);
    unlink();
  }
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const content: unknown = JSON.parse(text);
    return typeof content === "object" && content !== null ? (content as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function messageIn(content: Record<string, unknown> | undefined): string | undefined {
  if (content === undefined || !Object.hasOwn(content, "error")) return undefined;
  const { error } = content;
  const { message = error } = Object(error) as { readonly message?: unknown };
  return typeof message === "string" ? message : "";
}

function factsOf({ statusCode, headers }: IncomingMessage): Pick<CloudinaryFailure, "status" | "requestId"> {
  const requestId = headers["x-request-id"];
  return { status: statusCode, requestId: typeof requestId === "string" ? requestId : undefined };
}

/**
 * Returns the time to wait before a retry, in milliseconds, if the answer contains this time. The time may be in the header
 * `Retry-After`, or in words: `Try again on 2024-10-04 14:00:00 UTC`. A time in words is compared with the server's own clock.
 */
function retryAfter({ headers }: IncomingMessage, message: string): number | undefined {
  const now = Date.parse(headers.date ?? "") || Date.now();
  const seconds = Number(headers["retry-after"] ?? Number.NaN);
  if (seconds >= 0) return seconds * 1000;
  const [, day, time] = /Try again on (\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) UTC/.exec(message) ?? [];
  return day === undefined ? undefined : Math.max(0, Date.parse(`${day}T${time}Z`) - now);
}

/** Reads an answer that is an error instead of the bytes of a URL. Returns the failure. */
export async function readRefusal(
  answer: IncomingMessage,
  signal: AbortSignal | undefined,
): Promise<CloudinaryFailureError> {
  try {
    await readAnswer(answer, signal);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof CloudinaryFailureError) return error;
  }
  return new CloudinaryFailureError({ ...factsOf(answer), kind: "senseless", message: "" });
}

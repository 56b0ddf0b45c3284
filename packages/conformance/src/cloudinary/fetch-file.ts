import { writeBody, type StoredBody } from "./bodies.js";
import type { Cloud } from "./cloud.js";
import { Refusal } from "./refusal.js";

/**
 * Fetches the file for a form that contains a URL instead of a file. The URL is an address on the Web, or a `data:` URL
 * that contains the bytes.
 */
export async function fetchFile({ directory }: Cloud, url: string): Promise<StoredBody> {
  if (!/^(?:https?|data):/.test(url)) throw new Refusal(400, `Unsupported source URL: ${url}`);
  const answer = await fetch(url).catch(() => undefined);
  if (answer?.ok !== true || answer.body === null) {
    const problem = answer === undefined ? "could not connect" : `${answer.status} ${answer.statusText}`;
    throw new Refusal(400, `Error in loading ${url} - ${problem}`);
  }
  const body = writeBody(directory);
  try {
    for await (const bytes of answer.body as AsyncIterable<Uint8Array>) await body.write(Buffer.from(bytes));
    return await body.end();
  } catch (error) {
    await body.drop();
    throw error;
  }
}

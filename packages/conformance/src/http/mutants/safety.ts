import { altered, answering, instead, type HttpMutant } from "../http-mutant.js";

/** Servers that are not safe. */
export const safetyMutants: readonly HttpMutant[] = [
  {
    name: "repeats the request in its errors",
    rule: "errors cannot be cached as content, and contain no text from the request",
    breaks: answering(async (response, { url }) =>
      response.status === 404 ? await instead(response, 404, decodeURIComponent(url)) : response,
    ),
  },
  {
    name: "lets browsers show pages",
    rule: "a stored page or picture cannot run scripts at the server's origin",
    breaks: answering((response) =>
      altered(response, {
        headers: { "content-disposition": undefined, "content-security-policy": undefined },
      }),
    ),
  },
  {
    name: "lets browsers guess the type",
    rule: "browsers are told not to guess another type",
    breaks: answering((response) => altered(response, { headers: { "x-content-type-options": undefined } })),
  },
  {
    name: "answers 500 to targets that it cannot decode",
    rule: "hostile targets are refused with 4xx, or the connection is closed",
    breaks: answering((response, { url }) => (url.includes("%zz") ? instead(response, 500) : response)),
  },
  {
    name: "keeps reading for clients that have left",
    rule: "after twenty clients have left in the middle of a download, no file stays open",
    breaks:
      (inner) =>
      async ({ url, method, headers }) => {
        const response = await inner(new Request(url, { method, headers }));
        return response.body === null ? response : altered(response, { body: held(response.body) });
      },
  },
];

/** Returns a copy of a body. If the reader cancels the copy, the body itself is not cancelled and stays open. */
function held(body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      },
    },
    { highWaterMark: 0 },
  );
}

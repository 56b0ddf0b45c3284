import { altered, answering, instead, type HttpMutant } from "../http-mutant.js";

const isFound = ({ status }: Response): boolean => status < 400;

/** Servers that answer requests for whole objects wrongly. */
export const wholeMutants: readonly HttpMutant[] = [
  {
    name: "does not announce ranges",
    rule: "the answer to a GET has status 200, the bytes, Content-Length, Content-Type and Accept-Ranges",
    breaks: answering((response) => altered(response, { headers: { "accept-ranges": undefined } })),
  },
  {
    name: "has no Last-Modified",
    rule: "the answer to a GET has an ETag and Last-Modified",
    breaks: answering((response) => altered(response, { headers: { "last-modified": undefined } })),
  },
  {
    name: "has weak ETags",
    rule: "the ETag is strong, so that a download can be resumed",
    breaks: answering((response) => {
      const etag = response.headers.get("etag");
      return etag === null ? response : altered(response, { headers: { etag: `W/${etag}` } });
    }),
  },
  {
    name: "answers HEAD without the length",
    rule: "the answer to a HEAD has the headers of a GET, and no body",
    breaks: answering((response, { method }) =>
      method === "HEAD" ? altered(response, { headers: { "content-length": "0" } }) : response,
    ),
  },
  {
    name: "answers 500 to a range of an empty object",
    rule: "an empty object gives 200 without bytes, and a range of an empty object gives 200 or 416",
    breaks: answering((response, { headers, url }) =>
      isFound(response) && headers.has("range") && url.includes("empty") ? instead(response, 500) : response,
    ),
  },
];

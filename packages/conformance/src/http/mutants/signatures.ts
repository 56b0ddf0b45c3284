import {
  altered,
  answering,
  asking,
  instead,
  type HttpBreak,
  type HttpHandler,
  type HttpMutant,
} from "../http-mutant.js";

/** The names of the parameters that every signed link has. A mutant uses these names to recognise how a link was changed. */
const NAMES = ["expires", "key-id", "signature"];

/** Answers a refused request with 200 if the request has one of the methods and `when` returns true. */
function permits(
  when: (request: Request, names: readonly string[]) => boolean,
  methods: readonly string[],
): HttpBreak {
  return answering((response, request) => {
    const names = [...new URL(request.url).searchParams.keys()];
    const isRefused = response.status === 403 && methods.includes(request.method);
    return isRefused && when(request, names) ? instead(response, 200) : response;
  });
}

const isTwice = (names: readonly string[]): boolean => new Set(names).size < names.length;
const lacks = (names: readonly string[]): boolean => NAMES.some((name) => !names.includes(name));
const READS = ["GET", "HEAD"];

/** Accepts an upload without checking or storing it, if `when` returns true. */
function taking(when: (request: Request) => boolean): HttpBreak {
  return (inner: HttpHandler) => async (request) => {
    const isTaken = request.method === "PUT" && when(request);
    if (!isTaken) return await inner(request);
    await request.body?.cancel();
    return new Response("taken", { status: 201 });
  };
}

/** Servers with signed links that are not safe. */
export const signatureMutants: readonly HttpMutant[] = [
  {
    name: "signs the method too, so a link for GET does not work for HEAD",
    rule: "a signed link opens its object by GET and by HEAD",
    breaks: answering((response, { method }) => (method === "HEAD" ? instead(response, 403) : response)),
  },
  {
    name: "forgets the range of a signed link",
    rule: "a signed link serves ranges",
    breaks: asking(() => ({ range: undefined })),
  },
  {
    name: "does not check the signature",
    rule: "a signed link is refused if a parameter is changed, left out or repeated",
    breaks: permits((_, names) => !isTwice(names) && !lacks(names), READS),
  },
  {
    name: "accepts a link with a missing parameter",
    rule: "a signed link is refused if a parameter is changed, left out or repeated",
    breaks: permits((_, names) => lacks(names), READS),
  },
  {
    name: "uses the first of two parameters with the same name",
    rule: "a signed link is refused if a parameter is changed, left out or repeated",
    breaks: permits((_, names) => isTwice(names), READS),
  },
  {
    name: "signs only the parameters that it knows",
    rule: "a signed link is refused if a parameter is added",
    breaks: permits((_, names) => names.some((name) => !NAMES.includes(name)), READS),
  },
  {
    name: "does not sign the key",
    rule: "a signed link opens no other object",
    breaks: permits(({ url }) => url.includes("object.bin"), READS),
  },
  {
    name: "answers every DELETE with success",
    rule: "a signed link for reading cannot write or delete",
    breaks: answering((response, { method }) => (method === "DELETE" ? instead(response, 200) : response)),
  },
  {
    name: "does not check the expiry time",
    rule: "a signed link that has expired is refused",
    breaks: permits(
      ({ url }) => Number(new URL(url).searchParams.get("expires")) <= Date.now() / 1000,
      READS,
    ),
  },
  {
    name: "looks for the object before it checks the link",
    rule: "a refusal is the same for an existing object and for a missing object",
    breaks: answering((response, { url }) =>
      response.status === 403 && url.includes("missing") ? instead(response, 404) : response,
    ),
  },
  {
    name: "lets caches keep the object of a signed link",
    rule: "caches may keep an answer to a signed link only until the link expires, and may never keep a refusal",
    breaks: answering((response) =>
      altered(response, { headers: { "cache-control": "public, max-age=31536000" } }),
    ),
  },
  {
    name: "answers 500 to a long signature",
    rule: "a malformed signature is refused with a short answer",
    breaks: answering((response, { url }) => (url.length > 2000 ? instead(response, 500) : response)),
  },
  {
    name: "accepts an upload without storing it",
    rule: "a signed upload stores its body",
    breaks: taking(() => true),
  },
  {
    name: "does not sign the content type",
    rule: "a signed upload with another content type is refused, and stores nothing",
    breaks: asking(({ method }) => (method === "PUT" ? { "content-type": "text/plain" } : {})),
  },
  {
    name: "cuts bodies that are too long",
    rule: "with or without a Content-Length header, a signed upload with too many bytes is refused and stores nothing",
    breaks: answering((response) => (response.status === 413 ? instead(response, 201) : response)),
  },
  {
    name: "does not sign the key of an upload",
    rule: "a signed upload cannot write another object",
    breaks: taking(({ url }) => url.includes("in-5")),
  },
  {
    name: "lets a client read with a link for writing",
    rule: "a link for writing cannot read",
    breaks: permits((_, names) => names.includes("max-bytes"), READS),
  },
  {
    name: "does not check the signature of an upload",
    rule: "a signed upload is refused and stores nothing if a parameter is changed, left out or repeated",
    breaks: taking(({ url }) => url.includes("in-6")),
  },
  {
    name: "does not check the expiry time of an upload",
    rule: "a signed upload that has expired is refused",
    breaks: taking(({ url }) => url.includes("in-7")),
  },
];

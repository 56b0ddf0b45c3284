/** A Web handler, which answers every request and never rejects. */
export type HttpHandler = (request: Request) => Promise<Response>;

/** A function that makes a broken handler from a working handler. */
export type HttpBreak = (handler: HttpHandler) => HttpHandler;

/** A file server that breaks one rule. The rule must catch this server. A rule without a mutant might check nothing. */
export interface HttpMutant {
  /** The fault. Unique. */
  readonly name: string;
  /** The title of the rule that catches the mutant. */
  readonly rule: string;
  readonly breaks: HttpBreak;
}

/** The headers to set. The value `undefined` removes a header. */
export type HeaderChanges = Readonly<Record<string, string | undefined>>;

/** Makes an {@link HttpBreak} that changes the headers of requests before the handler gets the requests. */
export function asking(
  change: (request: Request, inner: HttpHandler) => HeaderChanges | Promise<HeaderChanges>,
): HttpBreak {
  return (inner) => async (request) => await inner(withHeaders(request, await change(request, inner)));
}

/** Makes an {@link HttpBreak} that changes the handler's answers. */
export function answering(
  change: (response: Response, request: Request, inner: HttpHandler) => Response | Promise<Response>,
): HttpBreak {
  return (inner) => async (request) => await change(await inner(request), request, inner);
}

/** Returns a copy of a request with changed headers. */
function withHeaders(request: Request, changes: HeaderChanges): Request {
  const headers = changed(request.headers, changes);
  return new Request(request, { headers });
}

/** Returns a copy of an answer with a changed status, headers or body. */
export function altered(
  response: Response,
  {
    status = response.status,
    headers = {},
    body = response.body,
  }: {
    readonly status?: number;
    readonly headers?: HeaderChanges;
    readonly body?: ReadableStream<Uint8Array> | string | null;
  },
): Response {
  return new Response(body, { status, headers: changed(response.headers, headers) });
}

/** Returns a new answer with only a status and a text, and cancels the body of the old answer. */
export async function instead(response: Response, status: number, body = "wrong"): Promise<Response> {
  await response.body?.cancel();
  return new Response(body, { status });
}

/** Sends a HEAD request for the same address to the handler, and returns the headers of the answer. */
export async function headersOf(inner: HttpHandler, { url }: Request): Promise<Headers> {
  return (await inner(new Request(url, { method: "HEAD" }))).headers;
}

function changed(headers: Headers, changes: HeaderChanges): Headers {
  const copy = new Headers(headers);
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) copy.delete(name);
    else copy.set(name, value);
  }
  return copy;
}

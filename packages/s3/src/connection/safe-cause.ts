/** The pattern of the codes and names that S3, Node and the SDK use. Any other text may be a piece of an answer. */
const NAME = /^[\w.:-]{1,100}$/;
const ID = /^[\w.:;,+/=| -]{1,200}$/;

/** Returns a code, a name or a region if it may appear in a message. Returns `undefined` for any other text. */
export function safeName(text: unknown): string | undefined {
  return typeof text === "string" && NAME.test(text) ? text : undefined;
}

/** Returns the id of a request, or `undefined` for any other text. */
export function safeId(text: unknown): string | undefined {
  return typeof text === "string" && ID.test(text) ? text : undefined;
}

interface Failed {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
  readonly syscall?: unknown;
  readonly $metadata?:
    | { readonly httpStatusCode?: number | undefined; readonly requestId?: string | undefined }
    | undefined;
}

/**
 * Returns an error that may be printed. It has the name, the code, the status and the request id of the original error.
 * The SDK's own errors contain the signed text, credentials, and the body of the answer. Only the messages of Node's
 * socket errors are copied.
 */
export function safeCause(error: unknown): Error | undefined {
  if (error === undefined || error === null) return undefined;
  const { name, code, message, syscall, $metadata } = Object(error) as Failed;
  const status = $metadata?.httpStatusCode;
  const called = safeName(name) ?? "Error";
  const isOfSocket = status === undefined && typeof syscall === "string" && typeof message === "string";
  const answered = status === undefined ? called : `the server answered ${status} ${called}`;
  const cause = new Error(isOfSocket ? message.slice(0, MESSAGE_MAX) : answered);
  cause.name = called;
  return Object.assign(cause, {
    ...(safeName(code) !== undefined && { code }),
    ...(status !== undefined && { status }),
    ...(safeId($metadata?.requestId) !== undefined && { requestId: $metadata?.requestId }),
  });
}

const MESSAGE_MAX = 200;

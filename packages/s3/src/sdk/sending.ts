import { linkedController, onAbort, type RefusedError } from "@stowage/core/provider";
import type { S3Client as SdkClient } from "@aws-sdk/client-s3";
import { S3FailureError, type S3Call } from "../server/client.js";
import { watch } from "../connection/request-watch.js";
import { assertKeys, explainUnsent } from "../connection/credentials.js";

/** One request that is being sent, with its stage and its listeners. */
interface Sending extends Pick<S3Call, "signal" | "beforeCommit"> {
  onSent?: S3Call["onSent"];
  /** True if the connection of the request belongs to this package. */
  isOwn: boolean;
  refusal?: () => RefusedError | undefined;
  /** Ends the request. Present only if the application's own client sends the request. */
  abort?: () => void;
  stage: "given" | "begun" | "left";
  /** Stops listening to the signal. Called when the SDK itself begins to listen. */
  unlink?: () => void;
}

/** The field of a command's input that holds its {@link Sending}. When the SDK copies the input, it also copies symbols. */
const SENDING = Symbol("stowage.sending");

interface Input {
  [SENDING]?: Sending | undefined;
}

interface Command {
  readonly input: Input;
  readonly middlewareStack?: Pick<SdkClient["middlewareStack"], "add">;
}

/** A sender of commands. Each command has the signal and the listener of its call. */
export interface Sender {
  readonly send: <Output extends object>(command: CommandOf<Output>, call: S3Call) => Promise<Output>;
}

/** A command of the SDK, with the type of its answer. */
interface CommandOf<Output> {
  readonly resolveMiddleware: (...rest: never[]) => (command: never) => Promise<{ readonly output: Output }>;
}

interface Handler {
  readonly handle: (request: object, options?: object) => unknown;
}

interface HttpRequest {
  readonly headers?: object;
  readonly body?: unknown;
}

/**
 * Makes a sender for the client of this package. The sender passes the signal of a request without the SDK's options, because
 * these options make the SDK slow. After one request with such options, the SDK rebuilds its chain of middleware for every
 * request.
 *
 * @see https://github.com/smithy-lang/smithy-typescript/blob/main/packages/core/src/submodules/client/smithy-client/client.ts
 */
export function ownSender(client: SdkClient): Sender {
  const signals = new WeakMap<object, AbortSignal>();
  addStages(client.middlewareStack, (request, { signal }) => {
    if (signal !== undefined) signals.set(request, signal);
  });
  const handler = client.config.requestHandler as unknown as Handler;
  client.config.requestHandler = withOptions(handler, signals) as never;
  return senderOf(client, true, async (command) => await client.send(command as never));
}

/**
 * Makes a sender for the application's own client. The client itself is not changed: the middleware is added to each
 * command.
 */
export function foreignSender(client: SdkClient): Sender {
  const { requestHandler } = client.config as { readonly requestHandler?: object };
  // Handlers other than Node's may need the original body.
  const isOfNode = /NodeHttp/.test(requestHandler?.constructor.name ?? "");
  return senderOf(client, false, async (command, { signal: given, onSent, beforeCommit }) => {
    if (command.middlewareStack !== undefined) addStages(command.middlewareStack);
    const { [SENDING]: sending } = command.input;
    if (sending !== undefined && onSent !== undefined && !isOfNode) sending.onSent = undefined;
    if (sending === undefined || beforeCommit === undefined)
      return await client.send(command as never, abortedBy(given));
    const { controller, unlink } = linkedController(given);
    sending.abort = () => controller.abort();
    try {
      return await client.send(command as never, abortedBy(controller.signal));
    } finally {
      unlink();
    }
  });
}

/** Returns the options of a command. Returns `undefined` if there is no signal, because options slow the SDK down. */
function abortedBy(abortSignal: AbortSignal | undefined): object | undefined {
  return abortSignal === undefined ? undefined : { abortSignal };
}

type Send = (command: Command, call: S3Call) => Promise<unknown>;

function senderOf(client: SdkClient, isOwn: boolean, pass: Send): Sender {
  const send = async (command: Command, call: S3Call = {}): Promise<unknown> => {
    const sending: Sending = { ...call, isOwn, stage: "given" };
    command.input[SENDING] = sending;
    try {
      const answer = await untilLeft(sending, pass(command, call));
      if (typeof answer === "object" && answer !== null) return answer;
    } catch (error) {
      const refusal = sending.refusal?.();
      if (refusal !== undefined) throw refusal;
      call.signal?.throwIfAborted();
      throw sending.stage === "begun" ? await explainUnsent(error, client) : error;
    }
    throw new S3FailureError({ code: "Unanswered", detail: command.constructor.name, cause: undefined });
  };
  return { send } as unknown as Sender;
}

/**
 * Waits for an answer, and rejects when the signal aborts. This also works while the SDK waits for credentials. The SDK itself
 * ignores the signal during that time. A request that is aborted at that time is never sent.
 */
function untilLeft<T>(sending: Sending, answered: Promise<T>): Promise<T> {
  const { signal } = sending;
  if (signal === undefined) return answered;
  return new Promise<T>((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    const unlink = onAbort(signal, abort);
    sending.unlink = unlink;
    answered.then(resolve, reject).finally(unlink);
  });
}

/** Adds middleware that notes the stage of each request, checks the credentials, and reports the bytes that were sent. */
function addStages(
  stack: Pick<SdkClient["middlewareStack"], "add">,
  onLeave: (request: object, sending: Sending) => void = () => {},
): void {
  stack.add(
    (next) => async (args) => {
      const sending = (args.input as Input)[SENDING];
      if (sending !== undefined) sending.stage = "begun";
      return await next(args);
    },
    { step: "initialize", priority: "high", name: "stowageBegin", override: true },
  );
  stack.add(
    (next, context) => async (args) => {
      assertKeys(identityIn(context));
      return await next(args);
    },
    { step: "build", priority: "high", name: "stowageKeys", override: true },
  );
  stack.add(
    (next) => async (args) => {
      const sending = (args.input as Input)[SENDING];
      if (sending === undefined) return await next(args);
      const request = watched(args.request as HttpRequest, sending);
      sending.stage = "left";
      sending.unlink?.();
      onLeave(request, sending);
      return await next({ ...args, request });
    },
    { step: "deserialize", priority: "low", name: "stowageLeave", override: true },
  );
}

/** The field of a request's context in which the SDK keeps its results, such as the credentials. */
const FOUND = "__smithy_context";

interface Context {
  readonly [FOUND]?: {
    readonly selectedHttpAuthScheme?: { readonly identity?: unknown } | undefined;
  };
}

/** Returns the credentials with which the SDK will sign the request. */
function identityIn(context: object): unknown {
  return (context as Context)[FOUND]?.selectedHttpAuthScheme?.identity;
}

/** Returns a request with the body that is watched: see {@link watch}. */
function watched(request: HttpRequest, sending: Sending): HttpRequest {
  const { isOwn: isWatched, abort = () => {} } = sending;
  const { body, refusal } = watch(request.headers ?? {}, request.body, sending, { isWatched, abort });
  if (refusal !== undefined) sending.refusal = refusal;
  return withBody(request, body());
}

function withBody(request: HttpRequest, body: unknown): HttpRequest {
  if (body === request.body) return request;
  const copy = Object.create(Object.getPrototypeOf(request) as object) as HttpRequest;
  return Object.assign(copy, request, { body });
}

/** Returns the same handler with one change: each request gets its own signal. */
function withOptions(handler: Handler, signals: WeakMap<object, AbortSignal>): Handler {
  const handle: Handler["handle"] = (request, options) =>
    handler.handle(request, { ...options, abortSignal: signals.get(request) });
  return new Proxy(handler, {
    get: (target, name) => {
      if (name === "handle") return handle;
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

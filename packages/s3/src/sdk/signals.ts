import type { S3Client as SdkClient } from "@aws-sdk/client-s3";

/** Where a request's signal travels: the SDK copies its input, and symbols with it. */
const SIGNAL = Symbol("stowage.signal");

interface Input {
  [SIGNAL]?: AbortSignal | undefined;
}

interface Handler {
  readonly handle: (request: object, options?: object) => unknown;
}

/**
 * Gives each request its signal by another way than the SDK's. The SDK builds its chain of middleware for every
 * request anew, and forgets what it has kept, as soon as one is sent with options; a signal is one.
 *
 * @see https://github.com/smithy-lang/smithy-typescript/blob/main/packages/core/src/submodules/client/smithy-client/client.ts
 */
export function withSignals(client: SdkClient): Pick<SdkClient, "send"> {
  const signals = new WeakMap<object, AbortSignal>();
  client.middlewareStack.add(
    (next) => async (args) => {
      const signal = (args.input as Input)[SIGNAL];
      if (signal !== undefined) signals.set(args.request as object, signal);
      return await next(args);
    },
    { step: "deserialize", priority: "low", name: "stowageSignal" },
  );
  const handler = client.config.requestHandler as unknown as Handler;
  client.config.requestHandler = withOptions(handler, signals) as never;
  const send = async (
    command: { readonly input: Input },
    options?: { readonly abortSignal?: AbortSignal },
  ): Promise<unknown> => {
    command.input[SIGNAL] = options?.abortSignal;
    return await client.send(command as never);
  };
  return { send } as unknown as Pick<SdkClient, "send">;
}

/** The same handler, but that each request comes with its own signal. */
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

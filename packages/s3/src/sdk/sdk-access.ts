import type { PutObjectCommand } from "@aws-sdk/client-s3";
import type { ObjectOptions } from "../server/object-options.js";
import type { Dialect } from "../server/dialect.js";
import type { S3Signer } from "../server/signer.js";
import type { Agents } from "../connection/agents.js";
import type { Commands } from "../requests/commands.js";
import { attempt } from "../connection/failure.js";
import { mockedSdk } from "./mocks.js";
import { loadSdk, type Loaded, type SdkClientOptions } from "./load.js";
import { setupRequests, type S3Setup } from "./setup-requests.js";
import { sdkSigner } from "./sign.js";

/** The work that the SDK does. The SDK is loaded when it is first needed. */
export interface SdkAccess {
  readonly commands: Commands;
  readonly setup: S3Setup;
  /** Makes a signer for objects that are stored with these options. */
  readonly signer: (objects: ObjectOptions) => S3Signer;
}

/** The options of {@link sdkAccess}. */
interface AccessOptions {
  readonly sdk: SdkClientOptions;
  readonly agents: Agents;
  readonly dialect: Dialect;
  /**
   * Returns the number of milliseconds by which the server's clock is ahead, so that links are signed with the server's
   * time. Present if this package's own HTTP client sends the requests.
   */
  readonly clockOffsetMs: (() => number) | undefined;
}

/** Makes the access to `@aws-sdk/client-s3`, which sends commands, signs links and sets buckets up. */
export function sdkAccess({ sdk: options, agents, dialect, clockOffsetMs }: AccessOptions): SdkAccess {
  let loaded: Loaded | undefined;
  const load = lazily(async () => (loaded = await loadSdk(options, agents, dialect)));
  const { publicEndpoint, bucket } = options;
  const mocked = new Map<object, () => Promise<Loaded>>();
  // If a test mocks the SDK, the mocked copy may differ from the copy that this package loads.
  const loadForTest = (): Promise<Loaded> => {
    const sdk = options.client === undefined ? mockedSdk() : undefined;
    if (sdk === undefined) return load();
    const loadCopy = mocked.get(sdk) ?? lazily(() => loadSdk(options, agents, dialect, { sdk }));
    mocked.set(sdk, loadCopy);
    return loadCopy();
  };
  const loadSigning =
    publicEndpoint === undefined ? load : lazily(() => loadSdk(options, agents, dialect, { publicEndpoint }));
  const signing = async (): Promise<Loaded> => {
    const made = await loadSigning();
    if (clockOffsetMs !== undefined) made.client.config.systemClockOffset = clockOffsetMs();
    return made;
  };
  const offset = (): number => loaded?.client.config?.systemClockOffset ?? 0;
  return {
    commands: {
      prepare: loadForTest,
      send: async (name, input, call) => {
        const { sdk, sender } = await loadForTest();
        const Command = sdk[`${name}Command`] as unknown as new (fields: object) => SdkCommand;
        return await sender.send(asksForChecksum(Command, input as Fields) as never, call);
      },
      clockOffsetMs: offset,
    },
    setup: setupRequests({
      bucket,
      request: async (call, send) => {
        const { sdk, sender: client } = await loadForTest();
        return await attempt(call.signal, () => send({ sdk, client }, call), offset);
      },
    }),
    signer: (objects) => sdkSigner(signing, bucket, objects),
  };
}

interface Fields {
  readonly ChecksumMode?: string | undefined;
}

interface SdkCommand {
  readonly middlewareStack: PutObjectCommand["middlewareStack"];
}

/**
 * Makes a command. The SDK would compare the checksum of an answer itself, and would report a difference as a broken stream. So
 * the SDK only asks for the checksum, and this package compares.
 */
function asksForChecksum(Command: new (fields: object) => SdkCommand, input: Fields): SdkCommand {
  const { ChecksumMode, ...fields } = input;
  const command = new Command(fields);
  if (ChecksumMode === undefined) return command;
  command.middlewareStack.add(
    (next) => async (args) => {
      const { headers } = args.request as { readonly headers: Record<string, string> };
      headers["x-amz-checksum-mode"] = ChecksumMode;
      return await next(args);
    },
    { step: "build", name: "stowageChecksumMode" },
  );
  return command;
}

/** Returns a function that makes something when it is first needed. After a failure, the next call tries again. */
function lazily<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return async () => {
    made ??= make();
    try {
      return await made;
    } catch (error) {
      made = undefined;
      throw error;
    }
  };
}

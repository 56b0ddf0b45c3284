import type { S3Client as SdkClient, S3ClientConfig } from "@aws-sdk/client-s3";
import type * as Sdk from "@aws-sdk/client-s3";
import { createHash } from "node:crypto";
import type { Agent as HttpAgent } from "node:http";
import type { Agent as HttpsAgent } from "node:https";
import type { Dialect } from "../server/dialect.js";
import type { WatchedServer } from "../server/server.js";
import { sdkOf } from "./mocks.js";
import { sdkPackage } from "./packages.js";
import { foreignSender, ownSender, type Sender } from "./sending.js";

/** The access keys that sign requests, or a function that returns the access keys. */
export type Credentials = NonNullable<S3ClientConfig["credentials"]>;

export interface SdkClientOptions {
  readonly bucket: string;
  readonly server: WatchedServer;
  /** The server's URL in links: clients reach the server at this URL. */
  readonly publicEndpoint: string | undefined;
  readonly credentials: Credentials | undefined;
  /** True if bodies are not signed. A checksum or TLS then protects the bodies. */
  readonly unsignedPayload: boolean;
  /** The client that the application has made. This package does not change the client. */
  readonly client: SdkClient | undefined;
}

/** The SDK, and a client. The SDK is loaded when it is first needed, because loading takes a tenth of a second. */
export interface Loaded {
  readonly sdk: typeof Sdk;
  /** The client for work without a request, such as signing links. */
  readonly client: SdkClient;
  /** Sends the client's requests, each with its signal. */
  readonly sender: Sender;
}

interface LoadOptions {
  /**
   * The copy of the SDK.
   *
   * @default the copy of this package
   */
  readonly sdk?: typeof Sdk | undefined;
  /**
   * The server's URL in links: clients reach the server at this URL.
   *
   * @default the server's own URL
   */
  readonly publicEndpoint?: string | undefined;
}

export async function loadSdk(
  options: SdkClientOptions,
  [httpAgent, httpsAgent]: readonly [HttpAgent, HttpsAgent],
  dialect: Dialect,
  { sdk: given, publicEndpoint }: LoadOptions = {},
): Promise<Loaded> {
  const { client: foreign } = options;
  const known = given ?? (foreign && sdkOf(foreign));
  const sdk = known ?? (await sdkPackage("@aws-sdk/client-s3", () => import("@aws-sdk/client-s3")));
  const server = await options.server.ask();
  if (foreign !== undefined) return { sdk, client: foreign, sender: foreignSender(foreign) };
  const { region, forcePathStyle, accelerate, dualstack, fips } = server;
  const endpoint = publicEndpoint ?? server.endpoint;
  const { credentials } = options;
  const isOwn = endpoint === undefined;
  const config: S3ClientConfig = {
    forcePathStyle,
    useAccelerateEndpoint: isOwn && accelerate,
    useDualstackEndpoint: isOwn && dualstack,
    useFipsEndpoint: isOwn && fips,
    // The environment has already been read. If it changes later, requests must still go to the same server.
    ignoreConfiguredEndpointUrls: true,
    ...(endpoint !== undefined && { endpoint }),
    ...(region !== undefined && { region }),
    ...(credentials !== undefined && { credentials }),
    // The SDK does not retry, because a wrapper retries requests. The SDK adds no checksum on its own, because its
    // checksums turn streams into a form that few servers understand.
    maxAttempts: 1,
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    cacheMiddleware: true,
    expectContinueHeader: false,
    requestHandler: { httpAgent, httpsAgent },
  };
  const client = withoutVersionWarning(() => new sdk.S3Client(config));
  // Each of these two middlewares takes 3 to 5 percent of the time of a small request. The first middleware writes to a
  // log that is not configured. The second middleware builds a user agent for every request, although the user agent
  // never changes.
  client.middlewareStack.remove("loggerMiddleware");
  client.middlewareStack.remove("getUserAgentMiddleware");
  adjust(client, options.unsignedPayload, dialect);
  return { sdk, client, sender: ownSender(client) };
}

/** The environment variable that turns off a warning of the SDK: that later versions of the SDK need a newer Node. */
const NO_WARNING = "AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED";

function withoutVersionWarning<T>(make: () => T): T {
  const before = process.env[NO_WARNING];
  process.env[NO_WARNING] = "true";
  try {
    return make();
  } finally {
    if (before === undefined) delete process.env[NO_WARNING];
    else process.env[NO_WARNING] = before;
  }
}

/** The name of this client, for the logs of the server. */
const USER_AGENT = `stowage-s3 aws-sdk-js/3 md/nodejs#${process.versions.node}`;

/** The commands whose bodies always get one of S3's own checksums from the SDK, whatever its options say. */
const WITH_DIGEST =
  /^(?:DeleteObjects|PutBucket\w+|PutPublicAccessBlock|PutObjectTagging|RestoreObject)Command$/;

/**
 * The commands that set a bucket up. Each of them gets a connection of its own. The reason is the newest Ceph: if there is no
 * block of public access, it sends more bytes than it has announced. On a shared connection, the additional bytes would be
 * taken for the beginning of the next answer.
 */
const SET_UP = /^(?:Get|Put)(?:Bucket\w+|PublicAccessBlock)Command$/;

interface HttpRequest {
  readonly headers: Record<string, string>;
  readonly body?: unknown;
}

/** Changes requests before they are signed. The SDK has no options for these changes. */
function adjust(client: SdkClient, unsignedPayload: boolean, dialect: Dialect): void {
  client.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        const { headers, body } = args.request as HttpRequest;
        headers["user-agent"] = USER_AGENT;
        if (SET_UP.test(commandName ?? "")) headers["connection"] = "close";
        if (dialect.deletesWithMd5 && WITH_DIGEST.test(commandName ?? "")) {
          for (const name of Object.keys(headers)) {
            if (/^x-amz-(?:sdk-)?checksum-/i.test(name)) delete headers[name];
          }
          headers["content-md5"] = createHash("md5")
            .update(body as string)
            .digest("base64");
        }
        if (unsignedPayload && (commandName === "PutObjectCommand" || commandName === "UploadPartCommand")) {
          headers["x-amz-content-sha256"] = "UNSIGNED-PAYLOAD";
        }
        return await next(args);
      },
    { step: "build", priority: "low", name: "stowage" },
  );
}

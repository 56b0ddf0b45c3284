import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import type { S3Call, S3Client } from "../client.js";
import type { Dialect } from "../dialect.js";
import { bucketRequests } from "./bucket-requests.js";
import { copyRequests } from "./copy-requests.js";
import { attempt } from "./failure.js";
import { loadSdk, type Loaded, type SdkClientOptions } from "./load.js";
import { objectRequests } from "./object-requests.js";
import type { S3Signer } from "../signer.js";
import { sdkSigner } from "./sign.js";
import { uploadRequests } from "./upload-requests.js";

/** What the requests share. */
export interface Requests {
  readonly bucket: string;
  readonly request: <T>(call: S3Call, send: (sending: Sending, http: Http) => Promise<T>) => Promise<T>;
}

interface Sending {
  readonly sdk: Loaded["sdk"];
  readonly client: Loaded["sender"];
}

interface Http {
  readonly abortSignal?: AbortSignal;
}

const SOCKETS_MAX = 256;

/** What stands between the adapter and a server. */
export interface Connection {
  readonly client: S3Client;
  readonly signer: S3Signer;
}

/** Sends and signs requests by `@aws-sdk/client-s3`. */
export function sdkConnection(options: SdkClientOptions, dialect: Dialect): Connection {
  const agents = [
    new HttpAgent({ keepAlive: true, maxSockets: SOCKETS_MAX, noDelay: true }),
    new HttpsAgent({ keepAlive: true, maxSockets: SOCKETS_MAX, noDelay: true }),
  ] as const;
  const load = lazily(() => loadSdk(options, agents, dialect));
  const requests: Requests = {
    bucket: options.bucket,
    request: async (call, send) => {
      const { sdk, sender: client } = await load();
      const http = call.signal === undefined ? {} : { abortSignal: call.signal };
      return await attempt(call.signal, () => send({ sdk, client }, http));
    },
  };
  const { publicEndpoint } = options;
  const signing =
    publicEndpoint === undefined
      ? load
      : lazily(() => loadSdk({ ...options, endpoint: publicEndpoint }, agents, dialect));
  const client: S3Client = {
    ...objectRequests(requests, dialect),
    ...bucketRequests(requests),
    ...copyRequests(requests),
    ...uploadRequests(requests, dialect),
    close: () => {
      for (const agent of agents) agent.destroy();
    },
  };
  return { client, signer: sdkSigner(signing, options.bucket) };
}

function lazily<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}

import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import type { S3Call, S3Client } from "../client.js";
import type { Dialect } from "../dialect.js";
import { bucketRequests } from "./bucket-requests.js";
import { copyRequests } from "./copy-requests.js";
import { attempt } from "./failure.js";
import { loadSdk, type Loaded, type SdkClientOptions } from "./load.js";
import { objectRequests } from "./object-requests.js";
import { uploadRequests } from "./upload-requests.js";

/** What the requests share. */
export interface Requests {
  readonly bucket: string;
  readonly load: () => Promise<Loaded>;
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

/** Sends requests by `@aws-sdk/client-s3`. */
export function sdkClient(options: SdkClientOptions, dialect: Dialect): S3Client {
  const agents = [
    new HttpAgent({ keepAlive: true, maxSockets: SOCKETS_MAX, noDelay: true }),
    new HttpsAgent({ keepAlive: true, maxSockets: SOCKETS_MAX, noDelay: true }),
  ] as const;
  let loading: Promise<Loaded> | undefined;
  const load = (): Promise<Loaded> => (loading ??= loadSdk(options, agents, dialect));
  const requests: Requests = {
    bucket: options.bucket,
    load,
    request: async (call, send) => {
      const { sdk, sender: client } = await load();
      const http = call.signal === undefined ? {} : { abortSignal: call.signal };
      return await attempt(call.signal, () => send({ sdk, client }, http));
    },
  };
  return {
    ...objectRequests(requests, dialect),
    ...bucketRequests(requests),
    ...copyRequests(requests),
    ...uploadRequests(requests, dialect),
    close: () => {
      for (const agent of agents) agent.destroy();
    },
  };
}

import { IdleBodies } from "@stowage/core/provider";
import type { S3Client } from "../server/client.js";
import type { Dialect } from "../server/dialect.js";
import { digestAlgorithm } from "../server/digest.js";
import type { ObjectOptions } from "../server/object-options.js";
import { createAgents } from "./agents.js";
import { bucketRequests } from "./bucket-requests.js";
import { copyRequests } from "./copy-requests.js";
import { attempt } from "./failure.js";
import { objectInputs } from "./object-fields.js";
import { loadSdk, type SdkClientOptions } from "./load.js";
import { objectRequests } from "./object-requests.js";
import type { S3Signer } from "../server/signer.js";
import { sdkSigner } from "./sign.js";
import { setupRequests, type S3Setup } from "./setup-requests.js";
import { tagRequests } from "./tag-requests.js";
import { uploadRequests } from "./upload-requests.js";
import type { Requests, Storing } from "./shared.js";

/** The client, the signer and the set-up requests, through which the adapter reaches a server. */
export interface Connection {
  readonly client: S3Client;
  readonly signer: S3Signer;
  readonly setup: S3Setup;
  /** Returns a connection that shares the sockets of this connection, but stores objects with other options. */
  readonly storing: (objects: ObjectOptions) => Connection;
}

/** Makes a connection that sends and signs requests with `@aws-sdk/client-s3`. */
export function sdkConnection(
  options: SdkClientOptions,
  dialect: Dialect,
  objects: ObjectOptions,
): Connection {
  const agents = createAgents();
  const idle = new IdleBodies(agents);
  const load = lazily(() => loadSdk(options, agents, dialect));
  const { publicEndpoint, bucket } = options;
  const signing =
    publicEndpoint === undefined ? load : lazily(() => loadSdk(options, agents, dialect, publicEndpoint));
  const requests: Requests = {
    bucket,
    request: async (call, send) => {
      const { sdk, client: clock, sender: client } = await load();
      return await attempt(call.signal, () => send({ sdk, client }, call), clock);
    },
  };
  const close = (): void => {
    for (const agent of agents) agent.destroy();
  };
  const storing = (given: ObjectOptions): Connection => ({
    client: { ...clientOf(requests, dialect, given), idle, close },
    signer: sdkSigner(signing, bucket, given),
    setup: setupRequests(requests),
    storing,
  });
  return storing(objects);
}

function clientOf(
  requests: Requests,
  dialect: Dialect,
  objects: ObjectOptions,
): Omit<S3Client, "close" | "idle"> {
  const how: Storing = {
    ...objectInputs(objects),
    algorithm: digestAlgorithm(dialect, objects.checksum),
    compares: objects.checksum !== undefined && dialect.checksum !== "none",
  };
  return {
    ...objectRequests(requests, how),
    ...bucketRequests(requests),
    ...copyRequests(requests, how),
    ...uploadRequests(requests, how),
    ...tagRequests(requests),
  };
}

/**
 * Returns a function that makes a value at its first call, and returns the same value at later calls. After a failure,
 * the next call tries again.
 */
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

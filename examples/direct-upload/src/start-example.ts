import { createStorage } from "@stowage/core";
import { s3 } from "@stowage/s3";
import { setCors } from "@stowage/s3/setup";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createUploadServer } from "./server.js";
import { createUploads } from "./uploads.js";

/** A running example. */
export interface Example {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

/**
 * Starts the example on 127.0.0.1, with the bucket of the usual variables; pages of this server may reach it then.
 */
export async function startExample(environment: NodeJS.ProcessEnv, port = 0): Promise<Example> {
  const { AWS_S3_BUCKET: bucket, AWS_REGION: region, AWS_ENDPOINT_URL_S3: endpoint } = environment;
  if (bucket === undefined) throw new Error("Set AWS_S3_BUCKET to the name of a bucket");
  const provider = s3({ bucket, region, endpoint });
  const storage = createStorage(provider);
  const server = createUploadServer(createUploads(storage));
  await once(server.listen(port, "127.0.0.1"), "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await setCors(provider, { origins: [url] });
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    server.close();
    await storage.close();
  };
  return { url, stop };
}

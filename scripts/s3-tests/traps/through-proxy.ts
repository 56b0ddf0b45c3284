import { createStorage, type FileStorage } from "@stowage/core";
import type { S3Options } from "@stowage/s3";
import { triesRequests, type Real } from "../real.js";
import { startProxy, type FaultOf, type TcpProxy } from "../tcp-proxy.js";

/** Runs with a storage whose requests go through a proxy. */
export async function throughProxy(
  real: Real,
  options: Partial<S3Options>,
  faultOf: FaultOf,
  run: (storage: FileStorage, proxy: TcpProxy) => Promise<void>,
): Promise<void> {
  const proxy = await startProxy(real.server.endpoint, faultOf);
  const storage = createStorage(triesRequests(real.provider({ ...options, endpoint: proxy.endpoint })), {
    retry: false,
    timeouts: { controlMs: 3000, firstByteMs: 3000 },
  });
  try {
    await run(storage, proxy);
  } finally {
    await storage.close();
    await proxy.close();
  }
}

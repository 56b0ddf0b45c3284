import type { Readable } from "node:stream";
import type { PartAnswer } from "../server/client.js";
import { sdkPackage } from "./packages.js";

/** The requests with which this package sends the parts that the library has made. */
export interface PartTarget {
  /** Sends a whole body that is smaller than a part. */
  readonly whole: (bytes: Uint8Array) => Promise<void>;
  readonly create: () => Promise<string>;
  readonly part: (partNumber: number, bytes: Uint8Array) => Promise<PartAnswer>;
}

interface LibraryOptions {
  readonly partSizeBytes: number;
  readonly concurrency: number;
  readonly stop: AbortController;
}

/**
 * Lets `@aws-sdk/lib-storage` cut a body into parts and send several parts at the same time. The caller has to complete
 * the upload or remove the parts, because the library does neither if a source stalls or a request is aborted.
 */
export async function sendByLibrary(
  body: Uint8Array | Readable,
  { partSizeBytes, concurrency, stop }: LibraryOptions,
  target: PartTarget,
): Promise<void> {
  const sdk = await sdkPackage("@aws-sdk/client-s3", () => import("@aws-sdk/client-s3"));
  const { Upload } = await sdkPackage("@aws-sdk/lib-storage", () => import("@aws-sdk/lib-storage"));
  const send = async (command: object): Promise<object> => {
    stop.signal.throwIfAborted();
    if (command instanceof sdk.CreateMultipartUploadCommand) return { UploadId: await target.create() };
    if (command instanceof sdk.UploadPartCommand) {
      const { PartNumber = 0, Body } = command.input;
      return { ETag: (await target.part(PartNumber, Body as Uint8Array)).etag };
    }
    if (command instanceof sdk.PutObjectCommand) await target.whole(command.input.Body as Uint8Array);
    return {};
  };
  const client = {
    send,
    config: {
      requestHandler: {},
      requestChecksumCalculation: async () => "WHEN_REQUIRED",
      // The library asks for an address, but no request is sent to this address.
      endpoint: async () => ({ protocol: "https:", hostname: "localhost", path: "/" }),
    },
  };
  const upload = new Upload({
    client: client as never,
    params: { Bucket: "bucket", Key: "key", Body: body },
    partSize: partSizeBytes,
    queueSize: concurrency,
    leavePartsOnError: true,
    abortController: stop,
  });
  await upload.done();
}

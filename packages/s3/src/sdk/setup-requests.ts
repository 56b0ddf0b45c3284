import { compareKeys } from "@stowage/core/provider";
import { S3FailureError, type S3Call } from "../server/client.js";
import { decodeListed } from "../requests/convert.js";
import { required, senseless } from "../connection/failure.js";
import type { Loaded } from "./load.js";
import type { Sender } from "./sending.js";

/** The parts of a bucket's set-up, by their names in S3. */
export type Subresource =
  | "BucketCors"
  | "BucketLifecycleConfiguration"
  | "BucketPolicy"
  | "PublicAccessBlock"
  | "BucketEncryption"
  | "BucketLogging"
  | "BucketNotificationConfiguration";

/** An upload in parts that was begun, but is not finished. */
export interface OpenUpload {
  readonly key: string;
  readonly uploadId: string;
  readonly begunAt: Date | undefined;
}

/** The requests that set a bucket up. The configurations have the form of S3's API. */
export interface S3Setup {
  /** @returns The configuration, or `undefined` if there is none. */
  readonly read: (what: Subresource, call: S3Call) => Promise<object | undefined>;
  /**
   * Replaces the whole configuration. On purpose, there is no request that removes a configuration. A server that does
   * not know this part of the set-up would treat such a request as the removal of the bucket itself.
   */
  readonly write: (what: Subresource, configuration: object, call: S3Call) => Promise<void>;
  readonly openUploads: (prefix: string, call: S3Call) => Promise<readonly OpenUpload[]>;
  readonly restore: (
    request: { readonly key: string; readonly days: number; readonly tier: string },
    call: S3Call,
  ) => Promise<void>;
}

/**
 * Two names for each part of the set-up: the field that holds the configuration, and the error code of a bucket without
 * a configuration.
 */
const NAMES: Readonly<Record<Subresource, readonly [name: string | undefined, none: string]>> = {
  BucketCors: ["CORSConfiguration", "NoSuchCORSConfiguration"],
  BucketLifecycleConfiguration: ["LifecycleConfiguration", "NoSuchLifecycleConfiguration"],
  BucketPolicy: [undefined, "NoSuchBucketPolicy"],
  PublicAccessBlock: ["PublicAccessBlockConfiguration", "NoSuchPublicAccessBlockConfiguration"],
  BucketEncryption: ["ServerSideEncryptionConfiguration", "ServerSideEncryptionConfigurationNotFoundError"],
  BucketLogging: ["BucketLoggingStatus", ""],
  BucketNotificationConfiguration: ["NotificationConfiguration", ""],
};

/** A command of the SDK. Commands differ only in their input. */
type AnyCommand = new (input: object) => object;

/** The parts of the set-up whose configuration has its own field in both the request and the answer. */
const NESTED: ReadonlySet<Subresource> = new Set(["PublicAccessBlock", "BucketEncryption"]);

/** The bucket, and the function that sends the set-up requests. Set-up requests always go through the SDK. */
interface SdkRequests {
  readonly bucket: string;
  readonly request: <T>(call: S3Call, send: (sending: Sending, http: S3Call) => Promise<T>) => Promise<T>;
}

interface Sending {
  readonly sdk: Loaded["sdk"];
  readonly client: Sender;
}

export function setupRequests({ request, bucket: Bucket }: SdkRequests): S3Setup {
  return {
    read: async (what, call) => {
      const [name = "", none] = NAMES[what];
      try {
        return await request(call, async ({ sdk, client }, http) => {
          const Command = sdk[`Get${what}Command`] as unknown as AnyCommand;
          const answer: object = await client.send(new Command({ Bucket }) as never, http);
          const { $metadata: _metadata, ...found } = answer as Record<string, unknown>;
          const configuration = NESTED.has(what) ? found[name] : found;
          return isEmpty(configuration) ? undefined : (configuration as object);
        });
      } catch (error) {
        if (error instanceof S3FailureError && error.failure.code === none) return undefined;
        throw error;
      }
    },
    write: (what, configuration, call) =>
      request(call, async ({ sdk, client }, http) => {
        const [name] = NAMES[what];
        // In requests, this field of a lifecycle is next to the configuration. In answers, the field is inside the
        // configuration.
        const { TransitionDefaultMinimumObjectSize, ...rest } = configuration as Record<string, unknown>;
        const input = {
          Bucket,
          ...(name === undefined ? rest : { [name]: rest }),
          ...(TransitionDefaultMinimumObjectSize !== undefined && { TransitionDefaultMinimumObjectSize }),
        };
        const Command = sdk[`Put${what}Command`] as unknown as AnyCommand;
        await client.send(new Command(input) as never, http);
      }),
    openUploads: (prefix, call) =>
      request(call, async ({ sdk, client }, http) => {
        const found: OpenUpload[] = [];
        let KeyMarker: string | undefined;
        let UploadIdMarker: string | undefined;
        for (;;) {
          // The request does not ask for encoded keys. Ceph would encode the keys, but would not say so in the answer.
          const input = { Bucket, Prefix: prefix, KeyMarker, UploadIdMarker };
          const page = await client.send(new sdk.ListMultipartUploadsCommand(input), http);
          for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
            const key = decodeListed(required(Key, page.$metadata), page);
            found.push({ key, uploadId: required(UploadId, page.$metadata), begunAt: Initiated });
          }
          if (page.IsTruncated !== true) return found;
          const next = decodeListed(required(page.NextKeyMarker, page.$metadata), page);
          const isSame = next === KeyMarker && page.NextUploadIdMarker === UploadIdMarker;
          const isBack = KeyMarker !== undefined && compareKeys(next, KeyMarker) < 0;
          if (isSame || isBack) throw senseless(page.$metadata);
          KeyMarker = next;
          UploadIdMarker = page.NextUploadIdMarker;
        }
      }),
    restore: ({ key: Key, days: Days, tier: Tier }, call) =>
      request(call, async ({ sdk, client }, http) => {
        const RestoreRequest = { Days, GlacierJobParameters: { Tier: Tier as "Standard" } };
        await client.send(new sdk.RestoreObjectCommand({ Bucket, Key, RestoreRequest }), http);
      }),
  };
}

function isEmpty(configuration: unknown): boolean {
  if (typeof configuration !== "object" || configuration === null) return true;
  return Object.values(configuration).every((value) => value === undefined);
}

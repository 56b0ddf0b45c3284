import type { S3Call } from "../server/client.js";
import type { DigestAlgorithm } from "../server/digest.js";
import type { Loaded } from "./load.js";
import type { Sender } from "./sending.js";
import type { ObjectInputs } from "./object-fields.js";

/** The bucket, and the function that sends all requests. */
export interface Requests {
  readonly bucket: string;
  readonly request: <T>(call: S3Call, send: (sending: Sending, http: S3Call) => Promise<T>) => Promise<T>;
}

interface Sending {
  readonly sdk: Loaded["sdk"];
  readonly client: Sender;
}

/** The options with which every request stores objects. */
export interface Storing extends ObjectInputs {
  /** The algorithm of the digest that is sent with bodies. */
  readonly algorithm: DigestAlgorithm | undefined;
  /** True if reads of objects ask for digests. */
  readonly compares: boolean;
}

import type { S3Call } from "../server/client.js";
import type { DigestAlgorithm } from "../server/digest.js";
import type { Loaded } from "./load.js";
import type { Sender } from "./sending.js";
import type { ObjectInputs } from "./object-fields.js";

/** What the requests share. */
export interface Requests {
  readonly bucket: string;
  readonly request: <T>(call: S3Call, send: (sending: Sending, http: S3Call) => Promise<T>) => Promise<T>;
}

interface Sending {
  readonly sdk: Loaded["sdk"];
  readonly client: Sender;
}

/** What objects are stored with, for every request. */
export interface Storing extends ObjectInputs {
  /** Of the digest that goes with bodies. */
  readonly algorithm: DigestAlgorithm | undefined;
  /** Whether digests are asked for when objects are read. */
  readonly compares: boolean;
}

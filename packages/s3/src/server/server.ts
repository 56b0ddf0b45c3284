import type { S3Client as SdkClient } from "@aws-sdk/client-s3";
import type { AmazonAddress } from "./amazon.js";

/** The server that receives the requests. It comes from an option, the environment, the profile or a client. */
export interface Server extends AmazonAddress {
  /** The URL of the server. Absent for Amazon's own servers, and while {@link isKnown} is false. */
  readonly endpoint: string | undefined;
  /**
   * True if the address of the server is known. If the caller has given a client, the address is known only after this package
   * has asked the client.
   */
  readonly isKnown: boolean;
  /** Puts the bucket's name into the path of URLs instead of the host name. */
  readonly forcePathStyle: boolean;
}

/** The options of `s3` that determine the server. */
export interface ServerChoice {
  readonly bucket: string;
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
  readonly client?: SdkClient | undefined;
  /** The dialect. If this option is set, the endpoint does not determine the dialect. */
  readonly dialect?: unknown;
  readonly forcePathStyle?: boolean | undefined;
  readonly accelerate?: boolean | undefined;
  readonly dualstack?: boolean | undefined;
}

/** A server whose address may become known only later. */
export interface WatchedServer {
  readonly now: () => Server;
  /** Asks the caller's client for the settings that have to be awaited. */
  readonly ask: () => Promise<Server>;
}

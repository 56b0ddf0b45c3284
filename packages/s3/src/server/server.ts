import type { S3Client as SdkClient } from "@aws-sdk/client-s3";
import type { AmazonAddress } from "./amazon.js";

/** The server that requests go to, wherever it is named. */
export interface Server extends AmazonAddress {
  /** The URL of the server; absent for Amazon's own, and while {@link isKnown} is false. */
  readonly endpoint: string | undefined;
  /** True when it is known where requests go. A client of the caller's tells this only when it is asked. */
  readonly isKnown: boolean;
  /** Puts the bucket into the path, instead of the host. */
  readonly forcePathStyle: boolean;
}

/** The options of `s3` that determine the server. */
export interface ServerChoice {
  readonly bucket: string;
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
  readonly client?: SdkClient | undefined;
  /** The dialect. When the dialect is named, only addresses follow from the endpoint. */
  readonly dialect?: unknown;
  readonly forcePathStyle?: boolean | undefined;
  readonly accelerate?: boolean | undefined;
  readonly dualstack?: boolean | undefined;
}

/** A server that may become known later. */
export interface WatchedServer {
  readonly now: () => Server;
  /** Asks the caller's client for the settings that the client does not give at once. */
  readonly ask: () => Promise<Server>;
}

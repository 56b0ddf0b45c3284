import type { S3Client as SdkClient } from "@aws-sdk/client-s3";
import type { AmazonAddress } from "./amazon.js";

/** The server that requests go to, wherever it is named. */
export interface Server extends AmazonAddress {
  /** Its URL; absent for Amazon's own, and while {@link isKnown} is false. */
  readonly endpoint: string | undefined;
  /** Whether it is known where requests go. A client of the caller's tells only when it is asked. */
  readonly isKnown: boolean;
  /** Puts the bucket into the path, instead of the host. */
  readonly forcePathStyle: boolean;
}

/** Options of `s3` that a server follows from. */
export interface ServerChoice {
  readonly bucket: string;
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
  readonly client?: SdkClient | undefined;
  /** When it is named, no more follows from the endpoint than addresses. */
  readonly dialect?: unknown;
  readonly forcePathStyle?: boolean | undefined;
  readonly accelerate?: boolean | undefined;
  readonly dualstack?: boolean | undefined;
}

/** A server that may get to be known. */
export interface WatchedServer {
  readonly now: () => Server;
  /** Asks the caller's client for what it does not say at once. */
  readonly ask: () => Promise<Server>;
}

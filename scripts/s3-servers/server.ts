/** A server that runs on this machine. */
export interface S3Server {
  /** With its version. */
  readonly title: string;
  readonly endpoint: string;
  /** The same server over TLS. */
  readonly tlsEndpoint?: string | undefined;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Makes another user, who may do nothing until somebody lets him; absent where the tests need none. */
  readonly addUser?: (() => Promise<ServerUser>) | undefined;
  readonly stop: () => Promise<void>;
}

export interface ServerUser {
  /** As policies name him. */
  readonly arn: string;
  readonly credentials: S3Server["credentials"];
}

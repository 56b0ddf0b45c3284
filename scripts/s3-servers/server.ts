/** A server that runs on this machine. */
export interface S3Server {
  /** With its version. */
  readonly title: string;
  readonly endpoint: string;
  /** The same server over TLS. */
  readonly tlsEndpoint?: string | undefined;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly stop: () => Promise<void>;
}

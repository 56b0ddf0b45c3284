/** A key pair that a CloudFront distribution trusts. */
export interface CloudFrontKey {
  /** The id of the public key, such as `"K2JCJMDEHXQW5F"`. */
  readonly keyPairId: string;
  /** The private key, in PEM format. */
  readonly privateKey: string;
}

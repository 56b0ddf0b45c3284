import { cloudinary, type CloudinaryOptions } from "@stowage/cloudinary";
import { fallback } from "@stowage/core";
import { breakable } from "./breakable.js";
import {
  bucketOf,
  folder,
  observed,
  type Composition,
  type CompositionOptions,
  type Variables,
} from "./composition.js";

/** The options of {@link createFallback}. */
export interface FallbackCompositionOptions extends CompositionOptions {
  /** An account that takes the place of `CLOUDINARY_URL`. */
  readonly cloudinary?: CloudinaryOptions | undefined;
}

/** A chain of two or three members: an account of Cloudinary where there is one, the bucket, a folder. */
export async function createFallback(
  env: Variables,
  { home, onEvent, cloudinary: given }: FallbackCompositionOptions,
): Promise<Composition> {
  const { CLOUDINARY_URL: url } = env;
  const account = given ?? (url === undefined ? undefined : { url });
  const members = [
    ...(account === undefined ? [] : [breakable(cloudinary(account))]),
    bucketOf(env, home),
    folder("disk", home),
  ];
  const chain = fallback(members.map(({ provider }) => provider));
  const { storage, metrics } = observed(chain, onEvent);
  return { kind: "fallback", storage, metrics, members, close: () => storage.close() };
}

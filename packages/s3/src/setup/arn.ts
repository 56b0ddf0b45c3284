import { StorageError } from "@stowage/core/provider";
import type { Store } from "../store.js";

/** The bucket, as policies name it. @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html */
export function arnOf({ bucket, region = "" }: Store): string {
  return `arn:${partitionOf(region)}:s3:::${bucket}`;
}

export function partitionOf(region: string): string {
  if (region.startsWith("cn-")) return "aws-cn";
  return region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
}

/** @throws StorageError `InvalidArgument` for a prefix that a policy would take for a pattern. */
export function assertLiteral({ name: provider }: Store, prefix: string): void {
  if (!/[*?]|\$\{/.test(prefix)) return;
  const reason = `a policy takes *, ? and \${ in ${JSON.stringify(prefix)} for a pattern, which may match more`;
  throw new StorageError("InvalidArgument", reason, { operation: "open", provider });
}

import { StorageError } from "@stowage/core/provider";
import { partitionOf } from "../server/amazon.js";
import type { Store } from "../store.js";

/**
 * Returns the ARN that stands for the bucket in policies.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
 */
export function arnOf({ bucket, server }: Store): string {
  return `arn:${partitionOf(server().region).name}:s3:::${bucket}`;
}

/** @throws StorageError `InvalidArgument` for a prefix that would be a pattern in a policy. */
export function assertLiteral({ name: provider }: Store, prefix: string): void {
  if (!/[*?]|\$\{/.test(prefix)) return;
  const reason = `the prefix ${JSON.stringify(prefix)} contains *, ? or \${, and a policy reads these as a pattern`;
  throw new StorageError("InvalidArgument", reason, { operation: "setUp", provider });
}

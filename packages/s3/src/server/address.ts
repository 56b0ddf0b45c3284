import { encodeKeyPath } from "@stowage/core/provider";
import { amazonServer } from "./amazon.js";
import type { Server } from "./server.js";

/**
 * Returns the URL at which a server serves a bucket. Requests, links and public URLs use the same address. The bucket is in the
 * host name if the name of the bucket allows that, and otherwise in the path.
 */
export function bucketAddress(server: Omit<Server, "isKnown">, bucket: string): URL {
  const url = new URL(server.endpoint ?? `https://${amazonServer(server)}`);
  if (!server.forcePathStyle && isHostLabel(bucket, url)) url.hostname = `${bucket}.${url.hostname}`;
  else url.pathname = `${url.pathname.replace(/\/$/, "")}/${encodeKeyPath(bucket)}`;
  return url;
}

/**
 * Tells whether the SDK accepts the name of a bucket as the first part of a host name. Over TLS the name must not
 * contain dots, because a wildcard certificate covers only one label.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
 */
function isHostLabel(bucket: string, { protocol, hostname }: URL): boolean {
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket) || bucket.includes("..")) return false;
  if (/(?:\d+\.){3}\d+/.test(bucket) || /^(?:[\d.]+|\[.*\])$/.test(hostname)) return false;
  return !bucket.includes(".") || protocol === "http:";
}

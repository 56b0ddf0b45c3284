import { bucketAddress } from "../server/address.js";
import type { Server } from "../server/server.js";
import type { Agents } from "../connection/agents.js";
import type { Address } from "./commands.js";

/** Returns the server and the path of a bucket, as options for Node's HTTP client. */
export function addressOf(server: Server, bucket: string, [httpAgent, httpsAgent]: Agents): Address {
  const url = bucketAddress(server, bucket);
  const isTls = url.protocol === "https:";
  return {
    isTls,
    hostname: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: url.port === "" ? (isTls ? 443 : 80) : Number(url.port),
    agent: isTls ? httpsAgent : httpAgent,
    host: url.host,
    path: url.pathname.replace(/\/$/, ""),
  };
}

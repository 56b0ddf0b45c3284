/** Who is compared with whom, at what, on which server. See `../comparisons.mjs` for the fields. */
import { PEERS } from "./subjects.mjs";
import { WORKLOADS } from "./suite.mjs";

const MIB = 1024 * 1024;

export const COLD_START_MS_MAX = 130;
export const CONNECTIONS_MAX = 4;

/** Those without a target are there for orientation. */
export const BUDGETS = [
  ...["put4k", "get4k", "head"].flatMap((verb) => [
    budget(`${verb}-c1`, "stowage", 0.95),
    budget(`${verb}-c16`, "stowage", 1.15),
  ]),
  budget("list10k", "stowage"),
  budget("stream-in", "stowage-unsigned", 2),
  budget("stream-in", "stowage", 1.8, "tls"),
  budget("stream-in", "stowage"),
  budget("stream-in", "stowage-lib-storage"),
  budget("stream-known", "stowage-unsigned", 1.5),
  budget("stream-known", "stowage-plain"),
  budget("put4m", "stowage-unsigned", 2.2),
  budget("put4m", "stowage-plain"),
  budget("put-file", "stowage-unsigned", 2),
  budget("put-file", "stowage-plain"),
  budget("stream-out", "stowage-unsigned", 1),
  budget("get-file", "stowage-unsigned", 1.4),
  budget("get-file", "stowage-unsigned", 4, "modelled"),
  ...["put4k-c1", "put4k-c16", "get4k-c1", "get4k-c16", "stream-in", "stream-out"].map((work) =>
    budget(work, "stowage", undefined, "ceph"),
  ),
];

export const PEER_COMPARISONS = Object.keys(WORKLOADS).map((work) => ({
  work,
  base: "raw-undici",
  own: "stowage-unsigned",
  subjects: ["stowage-unsigned", ...PEERS],
  comparable: ["stowage-unsigned", ...PEERS],
  server: "sink",
}));

/** Peak growth while bytes of unknown length go in. */
export const MEMORY = [
  memory("stowage-unsigned", 1024, "fresh", 76),
  memory("stowage-unsigned", 256, "fresh"),
  memory("stowage-unsigned", 256, "views", 96),
  memory("stowage-lib-storage", 1024, "fresh"),
  ...["raw-undici", "aws-sdk", "flystorage", "files-sdk", "minio", "opendal"].map((subject) =>
    memory(subject, 256, "fresh"),
  ),
];

export const COLD_STARTS = ["raw-undici", "stowage", ...PEERS];

function budget(work, subject, target, server = "sink") {
  return { work, base: "aws-sdk", subjects: [subject], target, server };
}

function memory(subject, mebibytes, source, atMostMebibytes) {
  const target = atMostMebibytes === undefined ? undefined : atMostMebibytes * MIB;
  return { subject, bytes: mebibytes * MIB, source, directions: ["in"], target };
}

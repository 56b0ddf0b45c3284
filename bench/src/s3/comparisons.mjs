/** Who is compared with whom, at what, on which server. See `../comparisons.mjs` for the fields. */
import { PEERS } from "./subjects.mjs";
import { WORKLOADS } from "./suite.mjs";

const MIB = 1024 * 1024;

export const COLD_START_MS_MAX = 35;
export const CONNECTIONS_MAX = 4;

/** Bodies are signed in these rows, by the base too. */
const SIGNED = { base: "raw-http-signed", subject: "stowage" };
/** As over TLS: bodies are not signed. */
const UNSIGNED = { base: "raw-http", subject: "stowage-unsigned" };

/** Those without a target are there for orientation. */
export const BUDGETS = [
  ...["put4k", "get4k", "head"].flatMap((verb) => [
    budget(`${verb}-c1`, { ...SIGNED, target: 0.75 }),
    budget(`${verb}-c16`, { ...SIGNED, target: 0.65 }),
    budget(`${verb}-c16`, { base: "aws-sdk", subject: "stowage", target: 3 }),
  ]),
  budget("copy-c4", { ...SIGNED, target: 0.65 }),
  budget("delete-c4", { ...SIGNED, target: 0.65 }),
  budget("list10k", { ...SIGNED, target: 0.6 }),
  budget("put4m", { ...SIGNED, target: 0.9 }),
  budget("put4m", { ...UNSIGNED, target: 0.9 }),
  budget("get4m", { ...UNSIGNED, target: 1 }),
  budget("stream-in", { ...UNSIGNED, target: 0.9 }),
  budget("stream-known", { ...UNSIGNED, target: 0.9 }),
  budget("stream-out", { ...UNSIGNED, target: 0.9 }),
  budget("get-file", { base: "aws-sdk", subject: "stowage-unsigned", target: 4, server: "modelled" }),
  budget("get-file", { base: "aws-sdk", subject: "stowage-unsigned" }),
  budget("put-file", { base: "aws-sdk", subject: "stowage-unsigned" }),
  ...["put4k-c16", "get4k-c16", "stream-in"].map((work) => budget(work, { ...UNSIGNED, server: "tls" })),
  ...["put4k-c16", "get4k-c16", "head-c16", "list10k", "stream-in"].map((work) =>
    budget(work, { base: "aws-sdk", subject: "stowage-sdk" }),
  ),
  budget("stream-in", { base: "aws-sdk", subject: "stowage-lib-storage" }),
  ...["put4k-c1", "put4k-c16", "get4k-c1", "get4k-c16", "stream-in", "stream-out"].map((work) =>
    budget(work, { base: "aws-sdk", subject: "stowage", server: "ceph" }),
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
  memory("stowage-unsigned", 1024, "fresh", 64),
  memory("stowage-unsigned", 256, "fresh"),
  memory("stowage-unsigned", 256, "views", 96),
  memory("stowage-lib-storage", 1024, "fresh"),
  ...["raw-undici", "aws-sdk", "flystorage", "files-sdk", "minio", "opendal"].map((subject) =>
    memory(subject, 256, "fresh"),
  ),
];

export const COLD_STARTS = ["raw-undici", "raw-http", "stowage", "stowage-sdk", ...PEERS];

function budget(work, { base, subject, target, server = "sink" }) {
  return { work, base, subjects: [subject], target, server };
}

function memory(subject, mebibytes, source, atMostMebibytes) {
  const target = atMostMebibytes === undefined ? undefined : atMostMebibytes * MIB;
  return { subject, bytes: mebibytes * MIB, source, directions: ["in"], target };
}

import type { DrawnMember, Picture } from "./draw.js";

const DISK = "disk";
const BUCKET = "bucket";

function up(name: string, holds: readonly string[], lacks: readonly string[] = []): DrawnMember {
  return { name, holds, lacks };
}

function down(name: string, holds: readonly string[]): DrawnMember {
  return { name, holds, isDown: true };
}

const CHAIN: Picture = {
  name: "chain-down",
  alt:
    "A fallback chain with a journal. All is well: put a goes to the bucket. The bucket is down: put b goes to the disk, get a fails with " +
    "Unavailable, and get b succeeds. The bucket is back: repair moves b to the bucket.",
  panels: [
    {
      title: "1. All is well",
      members: [up(BUCKET, ["a"]), up(DISK, [])],
      calls: [{ label: "put a", member: 0, kind: "put" }],
      journal: [],
      caption: ["put a: the first member takes it.", "The disk gets nothing."],
    },
    {
      title: "2. The bucket is down: put",
      members: [down(BUCKET, ["a"]), up(DISK, ["b"])],
      calls: [
        { label: "put b", member: 0, kind: "failed" },
        { label: "put b", member: 1, kind: "put" },
      ],
      journal: ["b"],
      caption: ["put b succeeds: the disk takes it.", "The journal notes that b is not at home."],
    },
    {
      title: "3. The bucket is down: get",
      members: [down(BUCKET, ["a"]), up(DISK, ["b"])],
      calls: [
        { label: "get a", member: 0, kind: "failed" },
        { label: "get b", member: 1, kind: "get" },
      ],
      journal: ["b"],
      caption: ["get a fails with Unavailable.", "get b succeeds."],
    },
    {
      title: "4. The bucket is back",
      members: [up(BUCKET, ["a", "b"]), up(DISK, [], ["b"])],
      repairTo: 0,
      journal: [],
      caption: ["Repair moves b to the bucket.", "Without a journal, b stays on the disk."],
    },
  ],
};

const MIRROR: Picture = {
  name: "mirror-down",
  alt:
    "A mirror with a journal. All is well: put a goes to the bucket, and repair copies a to the disk. The bucket is down: put b goes to the " +
    "disk, and get a is answered by the disk. The bucket is back: repair copies b to the bucket.",
  panels: [
    {
      title: "1. All is well",
      members: [up(BUCKET, ["a"]), up(DISK, ["a"])],
      calls: [{ label: "put a", member: 0, kind: "put" }],
      repairTo: 1,
      journal: [],
      caption: ["put a: the bucket takes it,", "and repair copies a to the disk."],
    },
    {
      title: "2. The bucket is down: put",
      members: [down(BUCKET, ["a"]), up(DISK, ["a", "b"])],
      calls: [
        { label: "put b", member: 0, kind: "failed" },
        { label: "put b", member: 1, kind: "put" },
      ],
      journal: ["b"],
      caption: ["put b succeeds: the disk takes it.", "The journal notes: the bucket lacks b."],
    },
    {
      title: "3. The bucket is down: get",
      members: [down(BUCKET, ["a"]), up(DISK, ["a", "b"])],
      calls: [
        { label: "get a", member: 0, kind: "failed" },
        { label: "get a", member: 1, kind: "get" },
      ],
      journal: ["b"],
      caption: ["get a succeeds: the disk has a copy.", "get b succeeds too."],
    },
    {
      title: "4. The bucket is back",
      members: [up(BUCKET, ["a", "b"]), up(DISK, ["a", "b"])],
      repairTo: 0,
      journal: [],
      caption: ["Repair copies b to the bucket.", "Both members hold every object again."],
    },
  ],
};

const SPLIT: Picture = {
  name: "split-rollout",
  alt:
    "A split with a journal, move: true and onUnavailable: other. At 25 percent a put of key d goes to the bucket, and other keys go to the " +
    "disk. The bucket is down: put e goes to the disk, get d fails with Unavailable, and get a succeeds. The bucket is back: repair moves e " +
    "to the bucket. At 100 percent repair moves every object to the bucket. At 0 percent repair moves every object back to the disk.",
  panels: [
    {
      title: "1. 25 percent",
      members: [up(DISK, ["a", "b", "c"]), up(BUCKET, ["d"])],
      calls: [
        { label: "put c", member: 0, kind: "put" },
        { label: "put d", member: 1, kind: "put" },
      ],
      journal: [],
      caption: ["The hash of a key decides its side:", "25 of 100 keys are the bucket's."],
    },
    {
      title: "2. The bucket is down: put",
      members: [up(DISK, ["a", "b", "c", "e"]), down(BUCKET, ["d"])],
      calls: [
        { label: "put e", member: 0, kind: "put" },
        { label: "put e", member: 1, kind: "failed" },
      ],
      journal: ["e"],
      caption: ['"other": the disk takes e for a while.', '"fail", the default: put e is refused.'],
    },
    {
      title: "3. The bucket is down: get",
      members: [up(DISK, ["a", "b", "c", "e"]), down(BUCKET, ["d"])],
      calls: [
        { label: "get a", member: 0, kind: "get" },
        { label: "get d", member: 1, kind: "failed" },
      ],
      journal: ["e"],
      caption: ["get a succeeds, and so does get e.", "get d fails with Unavailable."],
    },
    {
      title: "4. The bucket is back",
      members: [up(DISK, ["a", "b", "c"], ["e"]), up(BUCKET, ["d", "e"])],
      repairTo: 1,
      journal: [],
      caption: ["With move: true, repair moves e", "to its own side."],
    },
    {
      title: "5. Forward: 100 percent",
      members: [up(DISK, [], ["a", "b", "c"]), up(BUCKET, ["a", "b", "c", "…"])],
      repairTo: 1,
      journal: [],
      caption: ["With move: true, repair moves", "every object to the bucket."],
    },
    {
      title: "6. Back: 0 percent",
      members: [up(DISK, ["a", "b", "c", "…"]), up(BUCKET, [], ["a", "b", "c", "…"])],
      repairTo: 0,
      journal: [],
      caption: ["Repair moves every object to the disk.", "Each one is readable at every step."],
    },
  ],
};

const OVERWRITE: Picture = {
  name: "journal-overwrite",
  alt:
    "Key a is overwritten while the bucket of a fallback chain is down. Without a journal a later get returns the older copy from the bucket. " +
    "With a journal it returns the newest copy, and repair replaces the older one.",
  panels: [
    {
      title: "1. Without a journal: put a again",
      members: [down(BUCKET, ["a1"]), up(DISK, ["a2"])],
      calls: [
        { label: "put a", member: 0, kind: "failed" },
        { label: "put a", member: 1, kind: "put" },
      ],
      caption: ["put a succeeds with a warning:", "unconfirmed names the bucket."],
    },
    {
      title: "2. The bucket is back",
      members: [up(BUCKET, ["a1"]), up(DISK, ["a2"])],
      calls: [{ label: "get a", member: 0, kind: "get" }],
      caption: ["get a returns a1: the older copy", "of the first member."],
    },
    {
      title: "3. With a journal: put a again",
      members: [down(BUCKET, ["a1"]), up(DISK, ["a2"])],
      calls: [
        { label: "put a", member: 0, kind: "failed" },
        { label: "put a", member: 1, kind: "put" },
      ],
      journal: ["a2"],
      caption: ["put a succeeds. The journal knows", "that a2 is the newest version."],
    },
    {
      title: "4. The bucket is back",
      members: [up(BUCKET, ["a2"], ["a1"]), up(DISK, ["a2"])],
      calls: [{ label: "get a", member: 1, kind: "get" }],
      repairTo: 0,
      journal: ["a2"],
      caption: ["get a returns a2. Repair replaces", "the older copy."],
    },
  ],
};

/** The pictures of the guide. */
export const PICTURES: readonly Picture[] = [CHAIN, MIRROR, SPLIT, OVERWRITE];

/** Composers next to their members. */

/** The most that a read through a journal may take longer, in microseconds. */
const READ_US_MAX = 20;

/** A mirror may take so many times as long as its members by themselves. */
const MIRROR_TIMES_MAX = 1.15;

export const BUDGETS = [
  file("mirror", "2 locals", 1 / MIRROR_TIMES_MAX),
  file("mirror of 3", "3 locals", 1 / MIRROR_TIMES_MAX),
  file("mirror with S3", "local and S3", 1 / MIRROR_TIMES_MAX),
  ...["get4k-c1", "get4k-c16", "head-c1"].flatMap((work) => [
    ...["mirror", "fallback", "split"].map((subject) => small(work, subject, "local", READ_US_MAX)),
    small(work, "stateless fallback", "local"),
  ]),
  ...["get4k-c1", "head-c1"].flatMap((work) =>
    ["mirror", "fallback", "split"].map((name) => small(work, `${name} in memory`, "memory", READ_US_MAX)),
  ),
  ...["put4k-c1", "put4k-c16"].flatMap((work) => [
    small(work, "mirror", "2 locals"),
    small(work, "mirror of 3", "3 locals"),
    small(work, "mirror with S3", "local and S3"),
    small(work, "fallback", "local"),
    small(work, "split", "local"),
    small(work, "stateless mirror", "2 locals"),
    small(work, "stateless fallback", "local"),
  ]),
];

function file(subject, base, target) {
  return { work: "put-file", base, subjects: [subject], target };
}

/** @param {number} [addedUsMax] - By how much one operation may be slower. */
function small(work, subject, base, addedUsMax) {
  return { work, base, subjects: [subject], addedUsMax };
}

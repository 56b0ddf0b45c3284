// What is special to the page of each composer: its words, and the steps that show what it is good for.

const member = (snapshot, name) => snapshot.members.find((each) => each.name === name);
const isBroken = (snapshot, name) => ["down", "hanging", "full"].includes(member(snapshot, name)?.state);
const works = (snapshot, name) => member(snapshot, name)?.state === "works";
const lacking = (snapshot, name) => snapshot.files.filter(({ holders }) => !holders.includes(name));
const shareOf = (snapshot) => ((member(snapshot, "bucket")?.files ?? 0) / snapshot.files.length) * 100;
const all = (snapshot) => snapshot.files.filter(({ isDeleted }) => !isDeleted);

const MIRROR = {
  title: "A mirror keeps every file twice",
  lead: "Each upload goes to the disk and to the bucket. When one of them fails, the other serves and takes files alone, and a journal notes what the failed one misses. When it is back, repair copies that. No upload is lost, and no visitor notices.",
  steps: [
    ["Upload a video, or add 20 small pictures.", (now) => all(now).length > 0],
    ["Set the bucket to “down”.", (now) => isBroken(now, "bucket")],
    [
      "Upload more, delete one, and play one. Everything still works, and the journal notes what the bucket misses.",
      (now) => isBroken(now, "bucket") && now.waiting > 0,
    ],
    [
      "Set the bucket to “works”. Repair brings it everything it missed.",
      (now, done) =>
        done[2] && works(now, "bucket") && now.waiting === 0 && lacking(now, "bucket").length === 0,
    ],
  ],
};

const FALLBACK = {
  title: "A fallback chain finds a place for every upload",
  lead: "Each upload goes to the first place that can take it. When that place is down, hangs or is full, the next one takes the file, and nobody who uploads sees an error. Each file has one copy: it can be read while the place that took it works.",
  steps: [
    ["Upload a video, or add 20 small pictures.", (now) => all(now).length > 0],
    ["Set the first of the places below to “down” or “full”.", (now) => isBroken(now, now.members[0].name)],
    [
      "Upload once more: the next place takes it.",
      (now) => now.files.some(({ holders }) => !holders.includes(now.members[0].name)),
    ],
    [
      "Set it to “works”. Every file is where it was stored, and plays.",
      (now, done) => done[2] && works(now, now.members[0].name),
    ],
  ],
};

const SPLIT = {
  title: "A split moves your files to a new store, step by step",
  lead: "A percentage of the files belongs in the bucket, the rest on the disk. The key of a file decides, so each file always has one place. Change the percentage while your application runs: files move to the side they belong to, up or down, and stay readable all the time.",
  steps: [
    ["Add 20 small pictures, twice.", (now) => all(now).length >= 40],
    ["Move the percentage to 50.", (now) => now.percent >= 50],
    [
      "Watch the files move. Play one meanwhile.",
      (now, done) => done[1] && now.waiting === 0 && Math.abs(shareOf(now) - now.percent) <= 15,
    ],
    [
      "Go back to 0: everything returns to the disk.",
      (now, done) => done[2] && now.percent === 0 && shareOf(now) === 0,
    ],
  ],
};

export const KINDS = { mirror: MIRROR, fallback: FALLBACK, split: SPLIT };

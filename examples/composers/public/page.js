// Puts the page together.

import { showFiles } from "./files.js";
import { KINDS } from "./kinds.js";
import { follow } from "./live.js";
import { showMembers } from "./members.js";
import { showRollout } from "./rollout.js";
import { continueUploads, startUploads } from "./uploads.js";
import { counted, make, setText, showEach } from "./words.js";

const element = (id) => document.getElementById(id);
const done = [];

function show(snapshot) {
  const { title, lead, steps } = KINDS[snapshot.kind];
  setText(element("title"), title);
  setText(element("lead"), lead);
  document.title = `${title} – Stowage`;
  showSteps(steps, snapshot);
  showMembers(snapshot);
  showRollout(snapshot);
  showJournal(snapshot);
  showFiles(snapshot);
  showLog(snapshot);
}

function showSteps(steps, snapshot) {
  const list = element("steps");
  for (const [index, [text, isDone]] of steps.entries()) {
    const item = list.children[index] ?? list.appendChild(make("li", { textContent: text }));
    const isNext = index === 0 || done[index - 1] === true;
    if (isNext && isDone(snapshot, done)) done[index] = true;
    item.classList.toggle("done", done[index] === true);
    item.ariaLabel = done[index] === true ? `Done: ${text}` : text;
  }
}

const JOURNAL_LINES = 8;
const EMPTY = {
  mirror: "It is empty: every file is where it should be.",
  split: "It is empty: no file is on its way.",
};

function showJournal({ kind, waiting, files }) {
  if (waiting === undefined) return;
  element("journal").hidden = false;
  const keys = files.filter(({ isInTransition }) => isInTransition);
  const others = waiting > keys.length ? ", with their pictures" : "";
  const noted = keys.length === 0 ? "pictures of files" : `${counted(keys.length, "file")}${others}`;
  setText(
    element("journal-state"),
    waiting === 0 ? EMPTY[kind] : `It notes work for ${noted}. Repair does it as soon as it can.`,
  );
  const shown = keys.slice(0, JOURNAL_LINES);
  const more = keys.length - shown.length;
  showEach(
    element("journal-keys"),
    more > 0 ? [...shown, { key: "more", name: `and ${counted(more, "other file")}` }] : shown,
    ({ key }) => key,
    () => make("li"),
    (item, { name, isDeleted }) => setText(item, isDeleted ? `${name}: its copies will be deleted` : name),
  );
}

function showLog({ log }) {
  element("log-none").hidden = log.length > 0;
  showEach(
    element("log"),
    log,
    ({ id }) => id,
    ({ at, text }) =>
      make("li", {}, make("time", { textContent: new Date(at).toLocaleTimeString() }), ` ${text}`),
    () => {},
  );
}

follow(show, (isGone) => {
  if (element("gone").hidden === !isGone) return;
  element("gone").hidden = !isGone;
  if (!isGone) continueUploads();
});
startUploads();

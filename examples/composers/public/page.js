// Puts the page together.

import { showFiles } from "./files.js";
import { KINDS } from "./kinds.js";
import { follow } from "./live.js";
import { showMembers } from "./members.js";
import { showRollout } from "./rollout.js";
import { startUploads } from "./uploads.js";
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

const EMPTY = {
  mirror: "It is empty: every file is where it should be.",
  split: "It is empty: no file is on its way.",
};

function showJournal({ kind, waiting, files }) {
  if (waiting === undefined) return;
  element("journal").hidden = false;
  const text =
    waiting === 0
      ? EMPTY[kind]
      : `${counted(waiting, "key")} in it. Repair works on ${waiting === 1 ? "it" : "them"} as soon as it can.`;
  setText(element("journal-state"), text);
  const keys = files.filter(({ isInTransition }) => isInTransition).slice(0, 8);
  showEach(
    element("journal-keys"),
    keys,
    ({ key }) => key,
    () => make("li"),
    (item, { name, isDeleted }) =>
      setText(item, isDeleted ? `${name}: delete the copies that are left` : name),
  );
}

function showLog({ log }) {
  element("log-none").hidden = log.length > 0;
  showEach(
    element("log"),
    log.map((line, index) => ({ ...line, key: `${line.at}-${log.length - index}-${line.text}` })),
    ({ key }) => key,
    ({ at, text }) =>
      make("li", {}, make("time", { textContent: new Date(at).toLocaleTimeString() }), ` ${text}`),
    () => {},
  );
}

follow(show, (isGone) => {
  element("gone").hidden = !isGone;
});
startUploads();

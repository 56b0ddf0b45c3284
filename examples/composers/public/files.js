// The list of files: what each one looks like, and who holds it.

import { ask, pathOf } from "./live.js";
import { loadPicture } from "./load-picture.js";
import { closeFor, play } from "./player.js";
import { bytesInWords, make, setText, showEach } from "./words.js";

const STEP = 60;
const list = document.getElementById("files");
const none = document.getElementById("files-none");
const more = document.getElementById("files-more");

let most = STEP;
let last;
more.addEventListener("click", () => {
  most += STEP;
  showFiles(last);
});

export function showFiles(snapshot) {
  const { files, members, kind } = snapshot;
  last = snapshot;
  none.hidden = files.length > 0;
  const shown = files.slice(0, most);
  more.hidden = files.length <= most;
  setText(more, `Show older files (${files.length - most})`);
  const names = members.map(({ name }) => name);
  showEach(
    list,
    shown,
    ({ key }) => key,
    create,
    (element, file) => update(element, file, names, kind),
  );
}

function create({ key, name }) {
  const picture = make("div", { className: "picture" }, make("span", { textContent: extensionOf(name) }));
  const open = make(
    "button",
    { type: "button", className: "open" },
    picture,
    make("b", { textContent: name }),
  );
  open.addEventListener("click", () => play(key, name));
  const remove = make("button", { type: "button", textContent: "Delete", ariaLabel: `Delete ${name}` });
  const problem = make("p", { className: "problem", role: "alert" });
  remove.addEventListener("click", () => void removeFile(key, remove, problem));
  return make(
    "li",
    { className: "file" },
    open,
    make("p", { className: "facts" }),
    make("p", { className: "holders" }),
    remove,
    problem,
  );
}

function update(element, file, names, kind) {
  const { size, holders, thumbnail, isInTransition, isDeleted } = file;
  element.classList.toggle("deleted", isDeleted);
  setText(element.querySelector(".facts"), bytesInWords(size));
  if (thumbnail !== undefined) showPicture(element.querySelector(".picture"), thumbnail);
  const chips = names
    .filter((name) => holders.includes(name) || (kind === "mirror" && !isDeleted))
    .map((name) => chipOf(name, holders.includes(name), isInTransition, isDeleted));
  const place = element.querySelector(".holders");
  const text = chips.map((chip) => chip.textContent).join();
  if (place.dataset.text === text) return;
  place.dataset.text = text;
  place.replaceChildren(...chips);
}

function chipOf(name, isHeld, isInTransition, isDeleted) {
  if (isDeleted) return make("span", { className: "chip waits", textContent: `${name}: will be deleted` });
  if (isHeld) return make("span", { className: "chip holds", textContent: `${name}: has it` });
  const text = isInTransition ? `${name}: waits for repair` : `${name}: does not have it`;
  return make("span", { className: "chip waits", textContent: text });
}

function showPicture(place, thumbnail) {
  if (place.dataset.key === thumbnail) return;
  place.dataset.key = thumbnail;
  loadPicture(`${pathOf(thumbnail)}?via=server`, (src) => {
    // A place that is broken at the moment may give it later.
    if (src === undefined) delete place.dataset.key;
    else place.append(make("img", { alt: "", src }));
  });
}

function extensionOf(name) {
  const dot = name.lastIndexOf(".");
  return dot > 0 ? name.slice(dot + 1, dot + 5) : "file";
}

async function removeFile(key, button, problem) {
  button.disabled = true;
  try {
    await ask("DELETE", pathOf(key));
    await ask("DELETE", pathOf(`thumbnails/${key.split("/")[1]}.jpg`)).catch(() => {});
    closeFor(key);
    document.getElementById("files-title").focus();
  } catch (error) {
    setText(problem, error.message);
    button.disabled = false;
  }
}

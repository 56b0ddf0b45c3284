// Shows one file: a video that can be moved to any place, a picture, or a link.

import { pathOf } from "./live.js";
import { make, setText } from "./words.js";

const section = document.getElementById("player");
const view = document.getElementById("player-view");
const state = document.getElementById("player-state");
const title = document.getElementById("player-title");

let opener;

document.getElementById("player-close").addEventListener("click", close);

export async function play(key, name) {
  opener = document.activeElement;
  setText(title, name);
  setText(state, "");
  view.replaceChildren();
  section.hidden = false;
  // Through this server, so that another place can take over while it plays.
  const path = `${pathOf(key)}?via=server`;
  const type = await typeOf(path);
  if (type === undefined) return;
  view.replaceChildren(elementFor(type, path, name));
  section.scrollIntoView({ block: "nearest", behavior: "smooth" });
  document.getElementById("player-close").focus({ preventScroll: true });
}

/** Asks for the facts of a file first: an element for media tells no reason when it fails. */
async function typeOf(path) {
  try {
    const answer = await fetch(path, { method: "HEAD" });
    if (answer.ok) return answer.headers.get("content-type") ?? "";
    const gone = answer.status === 404;
    setText(
      state,
      gone
        ? "This file is not there any more."
        : "This file cannot be read now: the place that holds it does not answer. It is not lost. Set that place to “works” and try again.",
    );
  } catch {
    setText(state, "The server does not answer.");
  }
  return undefined;
}

function elementFor(type, path, name) {
  const failed = () => setText(state, "It stopped: no place that holds the file answers.");
  if (type.startsWith("video/") || type.startsWith("audio/")) {
    const element = make(type.startsWith("video/") ? "video" : "audio", { controls: true, autoplay: true });
    element.muted = true;
    element.addEventListener("error", failed);
    element.src = path;
    return element;
  }
  if (type.startsWith("image/")) {
    const image = make("img", { alt: name, src: path });
    image.addEventListener("error", failed);
    return image;
  }
  return make("a", { href: path, download: name, textContent: `Save ${name}` });
}

function close() {
  view.replaceChildren();
  section.hidden = true;
  opener?.focus();
}

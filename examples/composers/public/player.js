// Shows one file: a video that can be moved to any place, a picture, or a link.

import { pathOf } from "./live.js";
import { make, setText } from "./words.js";

const section = document.getElementById("player");
const view = document.getElementById("player-view");
const state = document.getElementById("player-state");
const title = document.getElementById("player-title");

let opener;
/** Counts what was opened: an answer that comes late is for nobody. */
let opened = 0;
let shownKey;

document.getElementById("player-close").addEventListener("click", close);

export async function play(key, name) {
  const turn = ++opened;
  opener = document.activeElement;
  shownKey = key;
  setText(title, name);
  setText(state, "Opens …");
  view.replaceChildren();
  section.hidden = false;
  section.scrollIntoView({ block: "nearest" });
  document.getElementById("player-close").focus({ preventScroll: true });
  // Through this server, so that another place can take over while it plays.
  const path = `${pathOf(key)}?via=server`;
  const { type, problem } = await factsOf(path);
  if (turn !== opened) return;
  setText(state, problem ?? "");
  if (type !== undefined) view.replaceChildren(elementFor(type, path, name));
}

/** Closes the player when its file was deleted. */
export function closeFor(key) {
  if (key === shownKey && !section.hidden) close();
}

/** Asks for the facts of a file first: an element for media tells no reason when it fails. */
async function factsOf(path) {
  const answer = await fetch(path, { method: "HEAD" }).catch(() => undefined);
  if (answer === undefined) return { problem: "The server does not answer." };
  if (answer.ok) return { type: answer.headers.get("content-type") ?? "" };
  if (answer.status === 404) return { problem: "This file is not there any more." };
  return {
    problem:
      "This file cannot be read now: the place that holds it does not answer. It is not lost. Set that place to “works” and try again.",
  };
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
  opened++;
  view.replaceChildren();
  section.hidden = true;
  if (opener?.isConnected) opener.focus();
  else document.getElementById("files-title").focus();
}

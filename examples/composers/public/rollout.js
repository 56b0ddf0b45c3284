// The percentage of a split, and what has come of it.

import { ask } from "./live.js";
import { setText } from "./words.js";

const section = document.getElementById("rollout");
const slider = document.getElementById("percent");
const now = document.getElementById("percent-now");
const share = document.getElementById("share");
const bar = document.getElementById("share-bar");

let isHeld = false;
let sending = Promise.resolve();

slider.addEventListener("input", () => {
  isHeld = true;
  setText(now, `${slider.value} %`);
});
slider.addEventListener("change", () => {
  const { value } = slider;
  // One after the other: the last one counts.
  sending = sending
    .then(() => ask("PUT", `/rollout/${value}`))
    .catch((error) => setText(share, error.message))
    .finally(() => (isHeld = false));
});

export function showRollout({ percent, members }) {
  if (percent === undefined) return;
  section.hidden = false;
  if (!isHeld) {
    slider.value = String(percent);
    setText(now, `${percent} %`);
  }
  const total = members.reduce((sum, { files }) => sum + files, 0);
  const there = members.find(({ name }) => name === "bucket")?.files ?? 0;
  const measured = total === 0 ? 0 : (there / total) * 100;
  setText(
    share,
    total === 0 ? "no files yet" : `${there} of ${total} copies are in the bucket: ${measured.toFixed(0)} %`,
  );
  bar.style.inlineSize = `${measured}%`;
}

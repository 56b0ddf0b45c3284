// The percentage of a split, and what has come of it.

import { ask } from "./live.js";
import { setText } from "./words.js";

const section = document.getElementById("rollout");
const slider = document.getElementById("percent");
const now = document.getElementById("percent-now");
const share = document.getElementById("share");
const bar = document.getElementById("share-bar");

const problem = document.getElementById("percent-problem");

/** Whether somebody moves the slider, or the server has not heard of it yet. */
let isHeld = false;
let pending = 0;
let sending = Promise.resolve();
let last;

slider.addEventListener("input", () => {
  isHeld = true;
  setText(now, `${slider.value} %`);
});
slider.addEventListener("change", () => {
  const { value } = slider;
  pending++;
  // One after the other: the last one counts.
  sending = sending
    .then(() => ask("PUT", `/rollout/${value}`))
    .then(
      () => setText(problem, ""),
      (error) => setText(problem, error.message),
    )
    .finally(() => {
      pending--;
      release();
    });
});
// A slider that is put back where it was does not change.
for (const event of ["pointerup", "keyup", "blur"]) slider.addEventListener(event, () => setTimeout(release));

function release() {
  if (pending > 0) return;
  isHeld = false;
  if (last !== undefined) showRollout(last);
}

export function showRollout(snapshot) {
  const { percent, members } = snapshot;
  last = snapshot;
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

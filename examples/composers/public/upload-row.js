// One upload in the list: its progress, its speed, and its buttons.

import { bytesInWords, make, setText, timeInWords } from "./words.js";

/** Of how many milliseconds the speed is taken. */
const SPEED_MS = 3000;
const LINGER_MS = 2000;

export function createRow(file, { onPause, onContinue, onCancel }) {
  const bar = make("progress", { max: 1, value: 0, ariaLabel: `Progress of ${file.name}` });
  const state = make("p", { className: "state", role: "status" });
  const button = (text, onClick) => {
    const made = make("button", { type: "button", textContent: text, ariaLabel: `${text} ${file.name}` });
    made.addEventListener("click", onClick);
    return made;
  };
  const pause = button("Pause", onPause);
  const go = button("Continue", onContinue);
  const cancel = button("Cancel", onCancel);
  const element = make(
    "li",
    { className: "upload-row" },
    make("p", { className: "name", textContent: file.name }),
    bar,
    state,
    make("div", { className: "buttons" }, pause, go, cancel),
  );
  let samples = [];
  const show = (text, { canPause = false, canGo = false, canCancel = true, isBad = false } = {}) => {
    setText(state, text);
    state.classList.toggle("problem", isBad);
    const focused = document.activeElement;
    pause.hidden = !canPause;
    go.hidden = !canGo;
    cancel.hidden = !canCancel;
    // A button that goes away hands its focus on.
    if (focused?.hidden === true && element.contains(focused))
      (canGo ? go : canPause ? pause : cancel).focus();
  };
  const end = (text, isBad) => {
    show(text, { canCancel: false, isBad });
    setTimeout(() => element.remove(), LINGER_MS);
  };
  return {
    element,
    waits: () => show("Waits for its turn"),
    runs: () => {
      samples = [];
      show("Starts", { canPause: true });
    },
    progress: (sent, total) => {
      bar.value = total === 0 ? 1 : sent / total;
      samples = [...samples, { at: performance.now(), sent }].filter(({ at }, index, { length }) => {
        return index === length - 1 || performance.now() - at < SPEED_MS;
      });
      show(sentence(sent, total, samples), { canPause: true });
    },
    paused: () => show(`Paused at ${Math.floor(bar.value * 100)} %`, { canGo: true }),
    failed: (reason) => show(reason, { canGo: true, isBad: true }),
    done: () => {
      bar.value = 1;
      end("Stored", false);
    },
    cancelled: (text) => end(text, false),
  };
}

function sentence(sent, total, samples) {
  if (sent === total) return "Sent. It is being stored";
  const [first, last] = [samples[0], samples.at(-1)];
  const seconds = (last.at - first.at) / 1000;
  const speed = seconds > 0 ? (last.sent - first.sent) / seconds : 0;
  const amount = `${Math.floor((sent / total) * 100)} % of ${bytesInWords(total)}`;
  if (speed <= 0) return amount;
  return `${amount}, ${bytesInWords(speed)} per second, ${timeInWords((total - sent) / speed)} left`;
}

// One upload in the list: its progress, its speed, and its buttons.

import { bytesInWords, make, setText, timeInWords } from "./words.js";

/** Of how many milliseconds the speed is taken. */
const SPEED_MS = 3000;
const LINGER_MS = 2000;

export function createRow({ name }, { onPause, onContinue, onCancel }) {
  const bar = make("progress", { max: 1, value: 0, ariaLabel: `Progress of ${name}` });
  const state = make("p", { className: "state" });
  // Said aloud: changes of state, and not each number on the way.
  const said = make("p", { className: "quiet", role: "status" });
  const toggle = make("button", { type: "button" });
  const cancel = make("button", { type: "button", textContent: "Cancel", ariaLabel: `Cancel ${name}` });
  let isRunning = true;
  toggle.addEventListener("click", () => (isRunning ? onPause() : onContinue()));
  cancel.addEventListener("click", onCancel);
  const element = make(
    "li",
    { className: "upload-row" },
    make("p", { className: "name", textContent: name }),
    bar,
    state,
    said,
    make("div", { className: "buttons" }, toggle, cancel),
  );
  let samples = [];
  const show = (text, { runs = true, isBad = false, canGoOn = true } = {}) => {
    isRunning = runs;
    setText(state, text);
    state.classList.toggle("problem", isBad);
    toggle.hidden = !canGoOn;
    setText(toggle, runs ? "Pause" : "Continue");
    toggle.ariaLabel = `${runs ? "Pause" : "Continue"} ${name}`;
  };
  const tell = (text, options) => {
    show(text, options);
    setText(said, `${name}: ${text}`);
  };
  const end = (text) => {
    const hadFocus = element.contains(document.activeElement);
    tell(text);
    toggle.hidden = true;
    cancel.hidden = true;
    if (hadFocus) document.getElementById("choose").focus();
    setTimeout(() => element.remove(), LINGER_MS);
  };
  return {
    element,
    waits: () => tell("Waits for its turn"),
    runs: () => {
      samples = [];
      tell("Starts");
    },
    progress: (sent, total) => {
      bar.value = total === 0 ? 1 : sent / total;
      const now = performance.now();
      samples = [...samples.filter(({ at }) => now - at < SPEED_MS), { at: now, sent }];
      show(sentence(sent, total, samples), { canGoOn: sent < total });
    },
    triesAgain: (reason) => show(`${reason} It is tried again.`),
    paused: () => tell(`Paused at ${Math.floor(bar.value * 100)} %`, { runs: false }),
    failed: (reason, canGoOn) => tell(reason, { runs: false, isBad: true, canGoOn }),
    done: () => {
      bar.value = 1;
      end("Stored");
    },
    cancelled: end,
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

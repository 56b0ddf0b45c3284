// The places, and a switch for each.

import { ask } from "./live.js";
import { bytesInWords, counted, make, setText, showEach } from "./words.js";

const STATES = [
  ["works", "Works"],
  ["down", "Down"],
  ["slow", "Slow"],
  ["hanging", "Hanging"],
  ["full", "Full"],
];
const MEANS = {
  works: "It takes and gives files.",
  down: "It fails at once.",
  slow: "It takes 1.5 seconds longer.",
  hanging: "It takes requests and never answers.",
  full: "It has no space: it gives files and takes none.",
};

const list = document.getElementById("members");

/** The longest that news of before an answer may come after it, in milliseconds. */
const NEWS_MS = 3000;

/** The choices that the news do not show yet, by the member's name. */
const asking = new Map();

export function showMembers({ members }) {
  showEach(list, members, ({ name }) => name, create, update);
}

function create({ name, place }) {
  const choices = STATES.map(([state, label]) => {
    const input = make("input", { type: "radio", name: `state-${name}`, value: state });
    input.addEventListener("change", () => void turn(name, state, problem));
    return make("label", {}, input, make("span", { textContent: label }));
  });
  const problem = make("p", { className: "problem", role: "alert" });
  return make(
    "article",
    { className: "card member", ariaLabel: name },
    make("h3", { textContent: name }),
    make("p", { className: "place", textContent: place, title: place }),
    make("p", { className: "amount" }),
    make("fieldset", { className: "switch" }, make("legend", { textContent: `Break ${name}` }), ...choices),
    make("p", { className: "means", role: "status" }),
    problem,
  );
}

function update(element, { name, state, isLeftOut, files, bytes }) {
  element.dataset.state = state;
  setText(element.querySelector(".amount"), `${counted(files, "file")}, ${bytesInWords(bytes)}`);
  const left = isLeftOut ? ` Stowage has noticed: it tries ${name} only now and then, until it answers.` : "";
  setText(element.querySelector(".means"), `${MEANS[state]}${left}`);
  // News of before the choice would turn the switch back under the user's hand.
  const choice = asking.get(name);
  if (choice !== undefined && state !== choice.state && performance.now() < choice.until) return;
  asking.delete(name);
  const input = element.querySelector(`input[value="${state}"]`);
  if (!input.checked) input.checked = true;
}

async function turn(name, state, problem) {
  const choice = { state, until: Number.POSITIVE_INFINITY };
  asking.set(name, choice);
  try {
    await ask("PUT", `/members/${encodeURIComponent(name)}/${state}`);
    setText(problem, "");
    choice.until = performance.now() + NEWS_MS;
  } catch (error) {
    setText(problem, error.message);
    // A later choice may still be on its way.
    if (asking.get(name) !== choice) return;
    asking.delete(name);
    const member = problem.closest("article");
    member.querySelector(`input[value="${member.dataset.state}"]`).checked = true;
  }
}

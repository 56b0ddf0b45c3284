import type { Comment } from "./read-comments.js";

/** Words that begin a riddle: the reader does not know yet what is spoken of. */
const RIDDLES: ReadonlySet<string> = new Set([
  "Anything",
  "Another",
  "As",
  "By",
  "Everything",
  "For",
  "From",
  "How",
  "If",
  "In",
  "Is",
  "Nobody",
  "None",
  "Nothing",
  "Of",
  "On",
  "Only",
  "So",
  "Such",
  "That",
  "Those",
  "To",
  "What",
  "When",
  "Where",
  "Whether",
  "Which",
  "Who",
  "Whoever",
  "With",
  "Without",
]);

/** Words with an "s" at their end that are no verbs. */
const NO_VERBS: ReadonlySet<string> = new Set([
  "Access",
  "Bytes",
  "Chunks",
  "Conditions",
  "Cookies",
  "Files",
  "Folders",
  "Its",
  "Keys",
  "Members",
  "Names",
  "Objects",
  "Options",
  "Parts",
  "Pauses",
  "Rules",
  "Settings",
  "Tags",
  "This",
  "Times",
  "Types",
  "Unless",
  "Was",
  "Wrappers",
  "Writes",
]);

/** Verbs that end like one of the words above. */
const VERBS: ReadonlySet<string> = new Set(["Names", "Writes", "Pauses", "Parts", "Rules", "Tags"]);

/** Returns what is wrong with the first sentence of a comment; `undefined` where there is none. */
export function sentenceProblem({ kind, text }: Comment): string | undefined {
  if (text === "" || kind === "value") return undefined;
  const [word = ""] = text.split(/[\s,:;.]/);
  if (RIDDLES.has(word)) return "it begins like a riddle";
  if (kind === "function" && !isVerb(word)) return "it does not begin with a verb in the third person";
  return undefined;
}

function isVerb(word: string): boolean {
  if (VERBS.has(word)) return true;
  return /^[A-Z][a-z]+s$/.test(word) && !NO_VERBS.has(word);
}

import { isStorageError, type StorageEvent } from "@stowage/core";

type Sentences = {
  readonly [Type in StorageEvent["type"]]?: (
    event: Extract<StorageEvent, { readonly type: Type }>,
    name: string,
  ) => string | undefined;
};

/** By the type of the event, with the name of the file. */
const SENTENCES: Sentences = {
  fallback: ({ operation, from, to = "" }, name) => {
    if (operation !== "put") return undefined;
    return `${from} cannot take ${name}. ${to === "" ? "No member is left." : `${to} is next.`}`;
  },
  degraded: ({ lacking }, name) => `${name} is safe. ${lacking.join(" and ")} will get it later.`,
  repaired: ({ from, to }, name) => `Repair has copied ${name} from ${from} to ${to}.`,
  breaker: ({ state, provider }) =>
    state === "open"
      ? `${provider} fails, and is left out until it answers again.`
      : `${provider} answers again.`,
  stale: ({ provider }, name) => `${provider} has an old copy of ${name}. It was not used.`,
  operation: sentenceOfCall,
};

/** Makes a sentence for the log of a page. Returns `undefined` for an event that a page does not show. */
export function sentenceOf(event: StorageEvent): string | undefined {
  const key = "key" in event ? event.key : undefined;
  if ("key" in event && key?.startsWith("uploads/") !== true) return undefined;
  const sentence = SENTENCES[event.type] as ((given: StorageEvent, name: string) => string) | undefined;
  return sentence?.(event, nameOf(key ?? ""));
}

/** Answers to a question, and uploads that a person has cancelled. */
const QUIET: ReadonlySet<string> = new Set(["AlreadyExists", "NotFound", "SourceError"]);

function sentenceOfCall(
  { operation, error, provider }: StorageEvent & { readonly type: "operation" },
  name: string,
): string | undefined {
  const done: Readonly<Record<string, string>> = {
    put: `${name} is stored. ${provider} has it.`,
    delete: `${name} is deleted.`,
  };
  if (error === undefined) return done[operation];
  if (!isStorageError(error) || QUIET.has(error.code)) return undefined;
  const tried: Readonly<Record<string, string>> = { put: "stored", delete: "deleted", get: "read" };
  const word = tried[operation];
  return word === undefined ? undefined : `${name} could not be ${word}: ${error.reason}.`;
}

/** Returns the name that a person knows the file by. */
export function nameOf(key: string): string {
  return key.split("/").slice(2).join("/");
}

// What the server tells of every change.

const AGAIN_MS = 1000;

/**
 * Follows the server for as long as the page is open. When the server goes away, it is tried again until it is back.
 *
 * @param {(snapshot: object) => void} onSnapshot
 * @param {(isGone: boolean) => void} onGone
 */
export function follow(onSnapshot, onGone) {
  const source = new EventSource("/live");
  source.addEventListener("open", () => onGone(false));
  source.addEventListener("message", ({ data }) => onSnapshot(JSON.parse(data)));
  source.addEventListener("error", () => {
    onGone(true);
    // A browser tries again by itself, except after an answer that was no stream.
    if (source.readyState !== EventSource.CLOSED) return;
    setTimeout(() => follow(onSnapshot, onGone), AGAIN_MS);
  });
}

/** Returns the path of a file on the server. */
export const pathOf = (key) => `/files/${key.split("/").map(encodeURIComponent).join("/")}`;

/** Asks the server for a change. @throws Error in words that a person understands. */
export async function ask(method, path) {
  const answer = await fetch(path, { method });
  if (answer.ok) return;
  throw new Error(`The server answered ${answer.status}: ${await answer.text()}`);
}

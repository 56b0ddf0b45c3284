// What the server tells of every change.

const AGAIN_MS = 1000;
/** The server sends something every two seconds. */
const SILENT_MS = 7000;

/**
 * Follows the server while the page is shown. When the server goes away, it is tried again until it is back. A page in the background lets go of its
 * connection: a browser has six for each server.
 *
 * @param {(snapshot: object) => void} onSnapshot
 * @param {(isGone: boolean) => void} onGone
 */
export function follow(onSnapshot, onGone) {
  let source;
  let silence;
  const heard = () => {
    onGone(false);
    clearTimeout(silence);
    silence = setTimeout(lost, SILENT_MS);
  };
  const lost = () => {
    onGone(true);
    begin();
  };
  const end = () => {
    clearTimeout(silence);
    source?.close();
  };
  const begin = () => {
    end();
    silence = setTimeout(lost, SILENT_MS);
    source = new EventSource("/live");
    source.addEventListener("open", heard);
    source.addEventListener("ping", heard);
    source.addEventListener("message", ({ data }) => {
      heard();
      onSnapshot(JSON.parse(data));
    });
    source.addEventListener("error", () => {
      onGone(true);
      // A browser tries again by itself, except after an answer that was no stream.
      if (source.readyState !== EventSource.CLOSED) return;
      clearTimeout(silence);
      silence = setTimeout(begin, AGAIN_MS);
    });
  };
  document.addEventListener("visibilitychange", () => (document.hidden ? end() : begin()));
  globalThis.addEventListener("offline", () => onGone(true));
  globalThis.addEventListener("online", begin);
  begin();
}

const ASK_MS = 15_000;

/** Returns the path of a file on the server. */
export const pathOf = (key) => `/files/${key.split("/").map(encodeURIComponent).join("/")}`;

/** Asks the server for a change. @throws Error in words that a person understands. */
export async function ask(method, path) {
  const answer = await fetch(path, { method, signal: AbortSignal.timeout(ASK_MS) }).catch(() => undefined);
  if (answer?.ok) return;
  if (answer === undefined) throw new Error("The server does not answer. Try it again.");
  const away = answer.status >= 500;
  throw new Error(
    away
      ? "No place that is needed for this answers. Try it again."
      : `The server refused it (${answer.status}).`,
  );
}

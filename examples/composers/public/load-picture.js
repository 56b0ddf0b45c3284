// Pictures of the list, a few at a time: places that hang must not take all connections that a browser has.

const AT_ONCE = 2;
const WAIT_MS = 4000;

const waiting = [];
let running = 0;

/**
 * Loads a picture when its turn comes.
 *
 * @param {string} path
 * @param {(src: string | undefined) => void} onLoaded Is given an address of the page's own, or nothing.
 */
export function loadPicture(path, onLoaded) {
  waiting.push({ path, onLoaded });
  startNext();
}

function startNext() {
  while (running < AT_ONCE && waiting.length > 0) {
    running++;
    void load(waiting.shift()).finally(() => {
      running--;
      startNext();
    });
  }
}

async function load({ path, onLoaded }) {
  try {
    const answer = await fetch(path, { signal: AbortSignal.timeout(WAIT_MS) });
    onLoaded(answer.ok ? URL.createObjectURL(await answer.blob()) : undefined);
  } catch {
    onLoaded(undefined);
  }
}

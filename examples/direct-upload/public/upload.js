// Uploads a file straight to the bucket: small ones by one signed request, large ones in parts.

const AT_ONCE = 3;
const TRIES = 4;
const PAUSE_MS = 300;

/**
 * Uploads a file. One that was begun before, in this browser, goes on where it was.
 *
 * @param {File} file
 * @param {{ onProgress?: (sent: number) => void, signal?: AbortSignal }} options
 * @returns {Promise<string>} A link to the file.
 */
export async function uploadFile(file, { onProgress = () => {}, signal } = {}) {
  const resumed = await remembered(file, signal);
  if (resumed !== undefined) return await uploadParts(file, resumed, { onProgress, signal });
  const plan = await ask("POST", "/uploads", { name: file.name, type: file.type, size: file.size }, signal);
  remember(file, plan);
  if (plan.upload !== undefined) {
    await withTries(signal, () => send(plan.upload, file, onProgress, signal));
    const url = await finish(plan.id, [], signal);
    forget(file);
    return url;
  }
  return await uploadParts(file, { ...plan, arrived: [] }, { onProgress, signal });
}

/** Removes what an upload has sent, after it was aborted. */
export async function cancelUpload(file) {
  const plan = recalled(file);
  if (plan !== undefined) await ask("DELETE", `/uploads/${plan.id}`);
  forget(file);
}

async function uploadParts(file, { id, partBytes, arrived }, { onProgress, signal: given }) {
  // What one part fails with ends the others.
  const stop = new AbortController();
  const signal = given === undefined ? stop.signal : AbortSignal.any([given, stop.signal]);
  const count = Math.ceil(file.size / partBytes);
  const sizeOf = (number) => Math.min(partBytes, file.size - (number - 1) * partBytes);
  const parts = arrived.filter(({ partNumber, size }) => size === sizeOf(partNumber));
  const sent = new Map(parts.map(({ partNumber, size }) => [partNumber, size]));
  const report = () => onProgress([...sent.values()].reduce((sum, bytes) => sum + bytes, 0));
  const missing = Array.from({ length: count }, (_, index) => index + 1).filter(
    (number) => !sent.has(number),
  );
  report();

  const sendPart = async (partNumber) => {
    const begin = (partNumber - 1) * partBytes;
    // Without a type: a part is signed without one, and some servers refuse what is not signed.
    const body = file.slice(begin, begin + sizeOf(partNumber));
    const etag = await withTries(signal, async () => {
      // Signed for each try: a signature may have expired while the machine slept.
      const signed = await ask("POST", `/uploads/${id}/part/${partNumber}`, undefined, signal);
      return await send(signed, body, (bytes) => report(sent.set(partNumber, bytes)), signal);
    });
    parts.push({ partNumber, etag });
  };
  const worker = async () => {
    try {
      for (let next = missing.shift(); next !== undefined; next = missing.shift()) await sendPart(next);
    } catch (error) {
      stop.abort(error);
      throw error;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  const url = await finish(id, parts, signal);
  forget(file);
  return url;
}

async function finish(id, parts, signal) {
  const { url } = await withTries(signal, () => ask("POST", `/uploads/${id}/finish`, { parts }, signal));
  return url;
}

/** Asks the application's own server. */
async function ask(method, path, body, signal) {
  const headers = body === undefined ? {} : { "content-type": "application/json" };
  const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body), signal });
  const result = await answer.json();
  if (answer.ok) return result;
  throw Object.assign(new Error(result.error), { status: answer.status });
}

/** Sends a signed request, and tells how far it is: `fetch` cannot tell that. @returns The ETag. */
function send({ method, url, headers }, body, onProgress, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const fail = (status) => reject(Object.assign(new Error("The storage did not take it"), { status }));
    const abort = () => request.abort();
    signal?.addEventListener("abort", abort, { once: true });
    request.addEventListener("loadend", () => signal?.removeEventListener("abort", abort));
    request.addEventListener("error", () => fail(0));
    request.addEventListener("abort", () => reject(signal?.reason ?? new Error("aborted")));
    request.upload.addEventListener("progress", ({ loaded }) => onProgress(loaded));
    request.addEventListener("load", () => {
      if (request.status !== 200) return fail(request.status);
      onProgress(body.size);
      resolve(request.getResponseHeader("etag"));
    });
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) {
      // The browser's own business.
      if (name !== "content-length") request.setRequestHeader(name, value);
    }
    request.send(body);
  });
}

/** Tries again what may go well another time: not what was refused for good. */
async function withTries(signal, attempt) {
  for (let count = 1; ; count++) {
    try {
      return await attempt();
    } catch (error) {
      signal?.throwIfAborted();
      const isRefused = error.status >= 400 && error.status < 500 && ![403, 408, 429].includes(error.status);
      if (isRefused || count === TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * 2 ** count));
    }
  }
}

/** The same file, as far as a browser can tell. */
function nameOf({ name, size, lastModified }) {
  return `upload:${name}:${size}:${lastModified}`;
}

function remember(file, { id, partBytes }) {
  localStorage.setItem(nameOf(file), JSON.stringify({ id, partBytes }));
}

function recalled(file) {
  const text = localStorage.getItem(nameOf(file));
  return text === null ? undefined : JSON.parse(text);
}

function forget(file) {
  localStorage.removeItem(nameOf(file));
}

/** An upload of this file that was begun and is still there, with the parts that have arrived. */
async function remembered(file, signal) {
  const plan = recalled(file);
  // Without parts there is nothing to go on with.
  if (plan?.partBytes === undefined) return undefined;
  try {
    return { ...plan, arrived: await ask("GET", `/uploads/${plan.id}/parts`, undefined, signal) };
  } catch (error) {
    if (error.status !== 404) throw error;
    forget(file);
    return undefined;
  }
}

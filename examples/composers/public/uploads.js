// Uploads by tus: a file goes on where it was after a pause, a broken connection, or a reload of the page.

import { pictureOf, madeUp } from "./pictures.js";
import { createRow } from "./upload-row.js";
import { make } from "./words.js";

const AT_ONCE = 3;
const CHUNK_BYTES = 8 * 1024 * 1024;
const RETRY_MS = [0, 1000, 2000, 4000, 8000];
const PICTURES = 20;

const list = document.getElementById("uploads");
const drop = document.getElementById("drop");
const choose = document.getElementById("choose");

const waiting = [];
let running = 0;
let made = 0;

export function startUploads() {
  choose.addEventListener("change", () => {
    for (const file of choose.files) add(file);
    choose.value = "";
  });
  for (const event of ["dragenter", "dragover"]) {
    drop.addEventListener(event, (happened) => {
      happened.preventDefault();
      drop.classList.add("over");
    });
  }
  for (const event of ["dragleave", "drop"])
    drop.addEventListener(event, () => drop.classList.remove("over"));
  drop.addEventListener("drop", (happened) => {
    happened.preventDefault();
    for (const file of happened.dataTransfer.files) add(file);
  });
  document.getElementById("pictures").addEventListener("click", () => void addPictures());
  void showUnfinished();
}

async function addPictures() {
  for (let count = 0; count < PICTURES; count++) add(await madeUp(++made));
}

/** Puts a file in the line. */
function add(file) {
  list.querySelector(`[data-unfinished="${CSS.escape(file.name)}"]`)?.remove();
  const row = createRow(file, { onPause, onContinue, onCancel });
  const job = { file, row, upload: undefined, isCancelled: false };
  list.append(row.element);
  enqueue(job);

  function onPause() {
    void job.upload?.abort();
    row.paused();
    release(job);
  }
  function onContinue() {
    enqueue(job);
  }
  function onCancel() {
    void cancel(job);
  }
}

function enqueue(job) {
  job.row.waits();
  waiting.push(job);
  startNext();
}

function startNext() {
  while (running < AT_ONCE && waiting.length > 0) {
    const job = waiting.shift();
    running++;
    job.isRunning = true;
    void start(job);
  }
}

/** Lets the next one begin. */
function release(job) {
  const place = waiting.indexOf(job);
  if (place !== -1) waiting.splice(place, 1);
  if (job.isRunning !== true) return;
  job.isRunning = false;
  running--;
  startNext();
}

async function start(job) {
  const { file, row } = job;
  job.upload ??= new globalThis.tus.Upload(file, {
    endpoint: "/uploads",
    chunkSize: CHUNK_BYTES,
    retryDelays: RETRY_MS,
    removeFingerprintOnSuccess: true,
    metadata: { filename: file.name, filetype: file.type },
    onProgress: (sent, total) => row.progress(sent, total),
    onSuccess: () => void finished(job),
    onError: (error) => failed(job, error),
  });
  const before = await job.upload.findPreviousUploads();
  if (job.isCancelled) return;
  if (job.upload.url === null && before.length > 0) job.upload.resumeFromPreviousUpload(before[0]);
  row.runs();
  job.upload.start();
}

async function finished(job) {
  const { file, row, upload } = job;
  row.done();
  release(job);
  const picture = await pictureOf(file);
  if (picture === undefined) return;
  const id = upload.url.split("/").at(-1);
  // Without its picture a file is as good.
  await fetch(`/files/thumbnails/${id}.jpg`, { method: "PUT", body: picture }).catch(() => {});
}

function failed(job, error) {
  const text = error.originalResponse?.getBody() ?? "";
  const reason = text === "" ? "The server does not answer." : `The server refused it: ${text.trim()}`;
  job.row.failed(reason);
  release(job);
}

async function cancel(job) {
  job.isCancelled = true;
  try {
    // Tells the server, which removes what has arrived.
    await job.upload?.abort(true);
    job.row.cancelled("Cancelled. Nothing is left of it.");
  } catch {
    job.row.cancelled("Cancelled. The server removes what has arrived within an hour.");
  }
  release(job);
}

/** Shows uploads that an earlier visit has left: a page must be given the file once more. */
async function showUnfinished() {
  const storage = globalThis.tus.defaultOptions.urlStorage;
  for (const { urlStorageKey, uploadUrl, metadata } of await storage.findAllUploads()) {
    const offset = await offsetOf(uploadUrl);
    if (offset === "gone") await storage.removeUpload(urlStorageKey);
    if (offset === undefined || offset === "gone") continue;
    const text = `${metadata.filename}: ${offset} % have arrived. Choose the file again, and it goes on.`;
    const forget = make("button", { type: "button", textContent: "Forget it" });
    const element = make("li", { className: "upload-row" }, make("p", { textContent: text }), forget);
    element.dataset.unfinished = metadata.filename;
    forget.addEventListener("click", () => {
      element.remove();
      void storage.removeUpload(urlStorageKey);
      void fetch(uploadUrl, { method: "DELETE", headers: { "tus-resumable": "1.0.0" } });
    });
    list.append(element);
  }
}

/** Returns how many per cent of an upload have arrived, `"gone"` when there is none, `undefined` when nobody knows. */
async function offsetOf(url) {
  try {
    const answer = await fetch(url, { method: "HEAD", headers: { "tus-resumable": "1.0.0" } });
    if (answer.status === 404 || answer.status === 410) return "gone";
    const [sent, total] = ["upload-offset", "upload-length"].map((name) => Number(answer.headers.get(name)));
    return answer.ok && total > 0 && sent < total ? Math.floor((sent / total) * 100) : undefined;
  } catch {
    return undefined;
  }
}

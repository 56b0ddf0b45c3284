// Uploads by tus: a file goes on where it was after a pause, a broken connection, or a reload of the page.

import { pictureOf, madeUp } from "./pictures.js";
import { createRow } from "./upload-row.js";
import { make } from "./words.js";

const AT_ONCE = 3;
const CHUNK_BYTES = 8 * 1024 * 1024;
const RETRY_MS = [0, 1000, 2000, 4000, 8000];
const PICTURES = 20;
const TUS = { "tus-resumable": "1.0.0" };

const list = document.getElementById("uploads");
const drop = document.getElementById("drop");
const choose = document.getElementById("choose");

const waiting = [];
/** Every upload that has a row. */
const jobs = new Set();
let running = 0;
let made = 0;

export function startUploads() {
  choose.addEventListener("change", () => {
    for (const file of choose.files) add(file);
    choose.value = "";
  });
  // A file that misses the box would open in the browser otherwise.
  for (const event of ["dragenter", "dragover"]) {
    document.addEventListener(event, (happened) => {
      happened.preventDefault();
      drop.classList.add("over");
    });
  }
  for (const event of ["dragleave", "drop"]) {
    document.addEventListener(event, () => drop.classList.remove("over"));
  }
  document.addEventListener("drop", (happened) => {
    happened.preventDefault();
    for (const item of happened.dataTransfer.items) takeDropped(item);
  });
  document.getElementById("pictures").addEventListener("click", () => void addPictures());
  void showUnfinished();
}

/** Goes on with every upload that failed because the server was away. */
export function continueUploads() {
  for (const job of jobs) if (job.isCutOff) enqueue(job);
}

function takeDropped(item) {
  const file = item.getAsFile();
  if (file === null) return;
  if (item.webkitGetAsEntry?.()?.isDirectory !== true) return add(file);
  const { row } = addRow(file);
  row.failed("This is a folder. Choose the files in it instead.", false);
}

async function addPictures() {
  for (let count = 0; count < PICTURES; count++) add(await madeUp(++made));
}

function addRow(file) {
  const job = { file, upload: undefined, isCancelled: false, isRunning: false, isCutOff: false };
  job.row = createRow(file, {
    onPause: () => pause(job),
    onContinue: () => enqueue(job),
    onCancel: () => void cancel(job),
  });
  list.append(job.row.element);
  return job;
}

/** Puts a file in the line. One that is being uploaded already is not sent twice. */
function add(file) {
  const isSame = (other) => other.name === file.name && other.size === file.size;
  if ([...jobs].some((job) => isSame(job.file) && job.file.lastModified === file.lastModified)) return;
  list.querySelector(`[data-unfinished="${CSS.escape(file.name)}"]`)?.remove();
  const job = addRow(file);
  jobs.add(job);
  enqueue(job);
}

function enqueue(job) {
  job.isCutOff = false;
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
  if (!job.isRunning) return;
  job.isRunning = false;
  running--;
  startNext();
}

function pause(job) {
  void job.upload?.abort();
  job.row.paused();
  release(job);
}

async function start(job) {
  const { file, row } = job;
  // A new one each time: the library counts its tries from the beginning then.
  const upload = new globalThis.tus.Upload(file, {
    endpoint: "/uploads",
    uploadUrl: job.upload?.url ?? null,
    chunkSize: CHUNK_BYTES,
    retryDelays: RETRY_MS,
    removeFingerprintOnSuccess: true,
    metadata: { filename: file.name, filetype: file.type },
    onProgress: (sent, total) => row.progress(sent, total),
    onShouldRetry: (error) => {
      const { text, canGoOn } = failureOf(error);
      if (canGoOn) row.triesAgain(text);
      return canGoOn;
    },
    onSuccess: () => void finished(job),
    onError: (error) => failed(job, error),
  });
  job.upload = upload;
  const [before] = upload.options.uploadUrl === null ? await upload.findPreviousUploads() : [];
  if (job.isCancelled || !job.isRunning) return;
  if (before !== undefined) upload.resumeFromPreviousUpload(before);
  row.runs();
  upload.start();
}

async function finished(job) {
  const { file, row, upload } = job;
  jobs.delete(job);
  row.done();
  release(job);
  const picture = await pictureOf(file);
  if (picture === undefined) return;
  const id = upload.url.split("/").at(-1);
  // Without its picture a file is as good.
  await fetch(`/files/thumbnails/${id}.jpg`, { method: "PUT", body: picture }).catch(() => {});
}

/** Returns why a request failed, in words, and whether it may go well another time. */
function failureOf(error) {
  const status = error.originalResponse?.getStatus() ?? 0;
  const text = error.originalResponse?.getBody()?.trim() ?? "";
  if (status === 0) return { text: "The server does not answer.", canGoOn: true, isCutOff: true };
  const isRefused = status >= 400 && status < 500 && status !== 409 && status !== 423;
  return { text: `The server refused it: ${text}.`, canGoOn: !isRefused, isCutOff: false };
}

async function failed(job, error) {
  const { text, canGoOn, isCutOff } = failureOf(error);
  const isThere = await job.file
    .slice(0, 1)
    .arrayBuffer()
    .then(
      () => true,
      () => false,
    );
  job.isCutOff = isCutOff && isThere;
  if (!isThere) job.row.failed("The browser cannot read this file any more. Choose it again.", false);
  else job.row.failed(job.isCutOff ? `${text} The upload goes on when it is back.` : text, canGoOn);
  if (!isThere || !canGoOn) jobs.delete(job);
  release(job);
}

async function cancel(job) {
  job.isCancelled = true;
  jobs.delete(job);
  const { upload } = job;
  await upload?.abort().catch(() => {});
  release(job);
  if (upload !== undefined) await forget(upload);
  const url = upload?.url ?? undefined;
  const isGone = url === undefined || (await terminate(url));
  job.row.cancelled(
    isGone
      ? "Cancelled. Nothing is left of it."
      : "Cancelled. The server removes what has arrived within an hour.",
  );
}

/** Removes every trace of an upload from this browser. */
async function forget(upload) {
  const storage = globalThis.tus.defaultOptions.urlStorage;
  for (const { urlStorageKey } of await upload.findPreviousUploads())
    await storage.removeUpload(urlStorageKey);
}

async function terminate(url) {
  const answer = await fetch(url, { method: "DELETE", headers: TUS }).catch(() => undefined);
  return answer !== undefined && (answer.ok || answer.status === 404 || answer.status === 410);
}

/** Shows uploads that an earlier visit has left: a page must be given the file once more. */
async function showUnfinished() {
  const storage = globalThis.tus.defaultOptions.urlStorage;
  const seen = new Set();
  for (const { urlStorageKey, uploadUrl, metadata } of await storage.findAllUploads()) {
    // An upload that was continued is noted once more.
    const percent = seen.has(uploadUrl) ? "over" : await percentOf(uploadUrl);
    seen.add(uploadUrl);
    if (percent === "over") await storage.removeUpload(urlStorageKey);
    if (percent === undefined || percent === "over") continue;
    const text = `${metadata.filename}: ${percent} % have arrived. Choose the file again, and it goes on.`;
    const button = make("button", { type: "button", textContent: "Forget it" });
    const element = make("li", { className: "upload-row" }, make("p", { textContent: text }), button);
    element.dataset.unfinished = metadata.filename;
    button.addEventListener("click", () => {
      element.remove();
      choose.focus();
      void storage.removeUpload(urlStorageKey);
      void terminate(uploadUrl);
    });
    list.append(element);
  }
}

/** Returns how many per cent of an upload have arrived, `"over"` when it is stored or gone, `undefined` when nobody knows. */
async function percentOf(url) {
  try {
    const answer = await fetch(url, { method: "HEAD", headers: TUS });
    if (answer.status === 404 || answer.status === 410) return "over";
    if (!answer.ok) return undefined;
    const [sent, total] = ["upload-offset", "upload-length"].map((name) => Number(answer.headers.get(name)));
    return sent >= total ? "over" : Math.floor((sent / total) * 100);
  } catch {
    return undefined;
  }
}

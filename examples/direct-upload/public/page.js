import { cancelUpload, uploadFile } from "./upload.js";

const element = (id) => document.getElementById(id);
const input = element("file");
const bar = element("bar");
const status = element("status");
const start = element("start");
const cancel = element("cancel");
const done = element("done");

const MIB = 1024 * 1024;
const mib = (bytes) => (bytes / MIB).toFixed(bytes < 10 * MIB ? 1 : 0);

function say(text, kind = "") {
  status.textContent = text;
  status.className = kind;
}

input.addEventListener("change", () => {
  start.disabled = input.files.length === 0;
  bar.value = 0;
  say(
    input.files.length === 0 ? "No file chosen" : `${input.files[0].name}, ${mib(input.files[0].size)} MiB`,
  );
});

element("form").addEventListener("submit", (event) => {
  event.preventDefault();
  void upload(input.files[0]);
});

async function upload(file) {
  const controller = new AbortController();
  const stop = () => controller.abort(new Error("Cancelled"));
  cancel.addEventListener("click", stop, { once: true });
  start.disabled = true;
  input.disabled = true;
  cancel.disabled = false;
  const onProgress = (sent) => {
    bar.value = file.size === 0 ? 1 : sent / file.size;
    say(`${mib(sent)} of ${mib(file.size)} MiB`);
  };
  try {
    const url = await uploadFile(file, { onProgress, signal: controller.signal });
    bar.value = 1;
    say(`${file.name} is uploaded`, "good");
    addLink(file.name, url);
  } catch (error) {
    say(controller.signal.aborted ? await cancelled(file) : adviceOn(error), "bad");
  } finally {
    cancel.removeEventListener("click", stop);
    start.disabled = false;
    input.disabled = false;
    cancel.disabled = true;
  }
}

async function cancelled(file) {
  try {
    await cancelUpload(file);
    return "Cancelled: nothing is left of it";
  } catch (error) {
    return `Cancelled, but not cleaned up: ${error.message}`;
  }
}

function adviceOn({ status: code, message }) {
  const isRefused = code >= 400 && code < 500;
  return isRefused ? message : `${message}. Try again: it goes on where it was.`;
}

function addLink(name, url) {
  const item = document.createElement("li");
  const link = document.createElement("a");
  Object.assign(link, { href: url, textContent: name });
  item.append(link);
  done.append(item);
}

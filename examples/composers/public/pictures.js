// Small pictures: of a video or an image that is uploaded, and made-up ones to fill a store with.

const WIDTH = 320;
const HEIGHT = 180;
const WAIT_MS = 5000;

/** Makes a small JPEG of a file. Returns `undefined` for a file that shows nothing. */
export async function pictureOf(file) {
  try {
    if (file.type.startsWith("image/")) return await drawn(await createImageBitmap(file));
    if (file.type.startsWith("video/")) return await frameOf(file);
  } catch {
    // A file that the browser cannot show has no picture.
  }
  return undefined;
}

async function frameOf(file) {
  const url = URL.createObjectURL(file);
  const video = Object.assign(document.createElement("video"), { muted: true, preload: "auto", src: url });
  try {
    await once(video, "loadeddata");
    video.currentTime = Math.min(1, video.duration / 4 || 0);
    await once(video, "seeked");
    return await drawn(video, video.videoWidth, video.videoHeight);
  } finally {
    video.removeAttribute("src");
    URL.revokeObjectURL(url);
  }
}

function once(element, event) {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error("No picture came")), WAIT_MS);
    element.addEventListener("error", () => reject(new Error("It is no video")), { once: true });
    element.addEventListener(event, () => resolve(clearTimeout(late)), { once: true });
  });
}

/** Draws the middle of a picture in the size of the list. */
async function drawn(source, width = source.width, height = source.height) {
  const canvas = Object.assign(document.createElement("canvas"), { width: WIDTH, height: HEIGHT });
  const scale = Math.max(WIDTH / width, HEIGHT / height);
  const [w, h] = [width * scale, height * scale];
  canvas.getContext("2d").drawImage(source, (WIDTH - w) / 2, (HEIGHT - h) / 2, w, h);
  return await blobOf(canvas, "image/jpeg");
}

function blobOf(canvas, type) {
  return new Promise((resolve) => canvas.toBlob((blob) => resolve(blob ?? undefined), type, 0.8));
}

/** Makes a picture of a number on a colour. */
export async function madeUp(number) {
  const canvas = Object.assign(document.createElement("canvas"), { width: WIDTH, height: HEIGHT });
  const context = canvas.getContext("2d");
  context.fillStyle = `hsl(${(number * 47) % 360} 60% 45%)`;
  context.fillRect(0, 0, WIDTH, HEIGHT);
  Object.assign(context, { fillStyle: "white", font: "bold 96px system-ui", textAlign: "center" });
  context.fillText(String(number), WIDTH / 2, HEIGHT / 2 + 34);
  const blob = await blobOf(canvas, "image/png");
  return new File([blob], `picture ${number}.png`, { type: "image/png" });
}

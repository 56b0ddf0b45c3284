/**
 * Peak memory of one 256 MiB stream, in a process of its own: how far RSS grows over what it was when all code
 * had been loaded by a small object and a stream of 1 MiB. The source makes new chunks, so that who keeps them
 * shows; its garbage is in the figure, and `nowhere` says how much that is.
 */
import { openStore } from "./subjects.mjs";
import { STREAM_BYTES, chunks, drain, freshChunks } from "./streams.mjs";

const SAMPLE_EVERY_MS = 5;
const WARM_UP_BYTES = 1024 * 1024;
const KEY = "videos/one.bin";

process.once("message", async ({ subject, root, direction }) => {
  process.send(await growthOf(subject, root, direction), () => process.disconnect());
});

async function growthOf(subject, root, direction) {
  const store = await openStore(subject, root);
  await warmUp(store);
  const before = process.memoryUsage.rss();
  let peak = before;
  const sample = () => (peak = Math.max(peak, process.memoryUsage.rss()));
  const sampling = setInterval(sample, SAMPLE_EVERY_MS);
  if (direction === "in") await store.putStream(KEY, chunks(STREAM_BYTES, freshChunks()));
  else await drain(await store.getStream(KEY));
  sample();
  clearInterval(sampling);
  return peak - before;
}

async function warmUp(store) {
  await store.put("warm/up.bin", Buffer.alloc(4096));
  await store.get("warm/up.bin");
  await store.putStream("warm/stream.bin", chunks(WARM_UP_BYTES, freshChunks()));
  await drain(await store.getStream("warm/stream.bin"));
}

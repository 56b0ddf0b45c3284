/**
 * Peak memory of one stream, in a process of its own: how far RSS grows over what it was when all code
 * had been loaded by a small object and a stream of 1 MiB. The source makes new chunks, so that who keeps them
 * shows; its garbage is in the figure, and `nowhere` says how much that is.
 */
import { answerOnce } from "./child.mjs";
import { SOURCES, chunks, drain } from "./streams.mjs";

const SAMPLE_EVERY_MS = 5;
const WARM_UP_BYTES = 1024 * 1024;
const KEY = "videos/one.bin";

answerOnce(async ({ suite, subject, place, direction, bytes, source }) => {
  const { openStore } = await import(suite);
  const store = await openStore(subject, place, "memory");
  return await growthOf(store, direction, bytes, SOURCES[source]);
});

async function growthOf(store, direction, bytes, makeSource) {
  await warmUp(store);
  const before = process.memoryUsage.rss();
  let peak = before;
  const sample = () => (peak = Math.max(peak, process.memoryUsage.rss()));
  const sampling = setInterval(sample, SAMPLE_EVERY_MS);
  if (direction === "in") await store.putStream(KEY, chunks(bytes, makeSource()));
  else await drain(await store.getStream(KEY));
  sample();
  clearInterval(sampling);
  await store.close?.();
  return peak - before;
}

async function warmUp(store) {
  await store.put("warm/up.bin", Buffer.alloc(4096));
  await store.get("warm/up.bin");
  await store.putStream("warm/stream.bin", chunks(WARM_UP_BYTES, SOURCES.fresh()));
  await drain(await store.getStream("warm/stream.bin"));
}

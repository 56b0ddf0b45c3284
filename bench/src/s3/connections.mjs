/** How many connections are made while 26 parts are sent, in a process of its own. */
import { answerOnce } from "../child.mjs";
import { openStore } from "./suite.mjs";
import { chunks, sameChunk } from "../streams.mjs";

const BYTES = 26 * 5 * 1024 * 1024;

answerOnce(({ subject, place }) => connectionsOf(subject, place));

async function connectionsOf(subject, place) {
  const store = await openStore(subject, place, subject);
  const before = await connectionsAt(place.endpoint);
  await store.putStream("one.bin", chunks(BYTES, sameChunk()));
  // The second question is a connection too.
  const made = (await connectionsAt(place.endpoint)) - before - 1;
  await store.close?.();
  return made;
}

async function connectionsAt(endpoint) {
  const response = await fetch(`${endpoint}/any/-connections`, { headers: { connection: "close" } });
  return Number(/\d+$/.exec(await response.text())[0]);
}

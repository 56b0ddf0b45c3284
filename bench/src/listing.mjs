/** Every key, size and date of 10,000 small objects in 100 folders. */
import { times } from "./times.mjs";

const FOLDERS = 100;
const OBJECTS_PER_FOLDER = 100;
const OBJECTS = FOLDERS * OBJECTS_PER_FOLDER;
const content = Buffer.from("sixteen bytes ok");

export function list10k() {
  return {
    title: "list 10,000 objects",
    kind: "large",
    verbs: ["put", "list"],
    prepare: (store) => times(OBJECTS, 16, (i) => store.put(keyOf(i), content)),
    check: async (store) => problemOf(await store.list()),
    run: async (store) => {
      const { length } = await store.list();
      if (length !== OBJECTS) throw new Error(`${length} of ${OBJECTS} objects`);
    },
  };
}

function keyOf(index) {
  const folder = String(index % FOLDERS).padStart(3, "0");
  return `folder-${folder}/${String(Math.floor(index / FOLDERS)).padStart(3, "0")}.bin`;
}

function problemOf(objects) {
  const keys = new Set(objects.map(({ key }) => key));
  const missing = Array.from({ length: OBJECTS }, (_, i) => keyOf(i)).filter((key) => !keys.has(key));
  if (missing.length > 0) return `${missing.length} of ${OBJECTS} objects are not listed`;
  if (objects.length !== OBJECTS) return `${objects.length} objects are listed instead of ${OBJECTS}`;
  const wrong = objects.find(({ size, lastModified }) => size !== content.byteLength || !(lastModified > 0));
  return wrong === undefined ? undefined : `wrong facts: ${JSON.stringify(wrong)}`;
}

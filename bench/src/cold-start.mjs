/**
 * Cold start: from a bare Node to the first stored object, in a process of its own. The clock starts when Node
 * is up and nothing but this file has been loaded, and stops after the first put.
 */
import { answerOnce } from "./child.mjs";

answerOnce(({ module, options, root }) => coldStart(module, options, root));

async function coldStart(module, options, root) {
  const start = performance.now();
  const { open } = await import(module);
  const store = await open(root, options);
  await store.put("first/object.bin", Buffer.alloc(4096));
  return performance.now() - start;
}

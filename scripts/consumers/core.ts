import assert from "node:assert/strict";
import { StorageError, createStorage, memory, type StorageProvider } from "@stowage/core";
import { STUCK_MS, type Journal } from "@stowage/core/journal";
import { StorageError as ProviderError, intercept, toBody, type Around } from "@stowage/core/provider";

/** A store that is not ready for its first put, so that a retry is seen to work in the packed build. */
function slowStarter(): StorageProvider {
  const inner = memory();
  let puts = 0;
  return {
    ...inner,
    put: async (key, body, options) => {
      puts += 1;
      if (puts > 1) return await inner.put(key, body, options);
      throw new StorageError("Unavailable", "it is starting", {
        operation: "put",
        provider: inner.name,
        key,
      });
    },
  };
}

const passOn: Around = (_call, next) => next();

/** The three doors lead into one house: what one makes, the others know. */
async function useEveryDoor(): Promise<void> {
  assert.equal(ProviderError, StorageError);
  const provider = intercept(memory(), { type: "passing on", around: passOn });
  await provider.put("a", await toBody("abc"), {});
  assert.equal(await (await createStorage(provider).get("a")).text(), "abc");
  const isLong = (_journal: Journal | undefined): boolean => STUCK_MS > 0;
  assert.ok(isLong(undefined));
}

async function putAndGet(): Promise<void> {
  await useEveryDoor();
  const retries: number[] = [];
  const storage = createStorage(slowStarter(), {
    retry: { baseMs: 1 },
    onEvent: (event) => {
      if (event.type === "retry") retries.push(event.attempt);
    },
  });
  // Only the table of mime-types knows this extension.
  const info = await storage.put("minutes/2026.odt", "agreed");
  assert.equal(info.contentType, "application/vnd.oasis.opendocument.text");
  assert.deepEqual(retries, [1]);
  const stored = await storage.get("minutes/2026.odt");
  assert.equal(await stored.text(), "agreed");
  await storage.close();
  console.log("used");
}

void putAndGet();

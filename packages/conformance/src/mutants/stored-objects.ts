import { Readable } from "node:stream";
import { isStorageError, type FileStorage, type StoredObject } from "@stowage/core";
import { storageMutant, type Mutant } from "../mutant.js";
import { bytesOf, facade, overriding } from "./breaks.js";

type Stored = StoredObject & AsyncDisposable;

/** Makes a mutant with a facade that returns objects with some broken members. */
function gives(rule: string, name: string, change: (object: Stored) => Partial<Stored>): Mutant {
  const get =
    (storage: FileStorage): FileStorage["get"] =>
    async (key, options) => {
      const object = await storage.get(key, options);
      return overriding(object, change(object));
    };
  return storageMutant(
    rule,
    name,
    facade((storage) => ({ get: get(storage) })),
  );
}

async function* firstOf(object: Stored): AsyncGenerator<Uint8Array> {
  yield (await object.bytes()).subarray(0, 1000);
}

function webStreamOf(object: Stored): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start: async (controller) => {
      for await (const chunk of firstOf(object)) controller.enqueue(chunk);
      controller.close();
    },
  });
}

export const storedObjectMutants: readonly Mutant[] = [
  gives("an object can be read as text with Unicode characters", "reads text as Latin-1", (object) => ({
    text: async () => Buffer.from(await object.bytes()).toString("latin1"),
  })),
  gives("an object can be read as JSON", "returns JSON as text", (object) => ({ json: () => object.text() })),
  gives("an object can be read as a Web stream", "truncates Web streams", (object) => ({
    get body() {
      return webStreamOf(object);
    },
  })),
  gives("an object can be read as a Node stream", "truncates Node streams", (object) => ({
    readable: () => Readable.from(firstOf(object)),
  })),
  gives("an object can be read with for await", "truncates the bytes of a for await loop", (object) => ({
    [Symbol.asyncIterator]: () => firstOf(object),
  })),
  gives(
    "an object from get can be destroyed twice, and also after it was read",
    "destroy throws the second time",
    (object) => {
      let destroyed = false;
      const destroy = (): void => {
        if (destroyed) throw new Error("it was destroyed before");
        destroyed = true;
        object.destroy();
      };
      return { destroy };
    },
  ),
  gives("an object from get gives the headers of an HTTP response", "forgets the header ETag", (object) => ({
    headers: () => {
      const { etag: _etag, ...others } = object.headers();
      return others;
    },
  })),
  gives(
    "the headers of a range say which bytes the range has",
    "sends the length of the whole object in the headers of a range",
    (object) => ({
      headers: () => ({ ...object.headers(), "content-length": String(object.info.size) }),
    }),
  ),
  storageMutant(
    "if a body ends early, the read fails and never looks complete",
    "treats a short body as the whole object",
    facade((storage, provider) => ({
      get: async (key, options) => {
        try {
          return await storage.get(key, options);
        } catch (error) {
          if (!isStorageError(error, "Integrity")) throw error;
          const bytes = (): Promise<Uint8Array> => bytesOf(provider, key);
          return { bytes } as Stored;
        }
      },
    })),
  ),
];

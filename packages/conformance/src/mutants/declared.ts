import { toBody } from "@stowage/core/provider";
import { type StoragePutOptions, type Supports } from "@stowage/core";
import { mutant, storageMutant, type Break, type Mutant } from "../mutant.js";
import { restricted } from "./bases.js";
import { facade, facadePut, listed, recovering, results, verbs } from "./breaks.js";

/** Makes a mutant with a facade that drops an option of put. */
function drops(rule: string, option: keyof StoragePutOptions, base?: Break): Mutant {
  const name = `drops ${option} in silence${base === undefined ? "" : " where it is not supported"}`;
  return storageMutant(
    rule,
    name,
    facadePut((key, body, options) => [key, body, { ...options, [option]: undefined }]),
    base,
  );
}

const denied = (flag: keyof Supports): Break => restricted({ [flag]: false });
const IDEMPOTENT = "a put repeated with its idempotency key and";

export const idempotencyMutants: readonly Mutant[] = [
  drops(`${IDEMPOTENT} bytes returns what the first returned`, "idempotencyKey"),
  storageMutant(
    `${IDEMPOTENT} other bytes is a Conflict, and the first stays`,
    "treats different bytes as a repetition",
    facade((storage) => ({
      put: (key, body, options) =>
        recovering(
          () => storage.put(key, body, options),
          (error) => {
            if (error.code !== "Conflict") throw error;
            return storage.head(key);
          },
        ),
    })),
  ),
  storageMutant(
    "a put with another idempotency key replaces the object",
    "treats every idempotency key as a repetition",
    facade((storage) => ({
      put: async (key, body, options) => {
        const repeated = options?.idempotencyKey === "two" && (await storage.exists(key));
        return repeated ? await storage.head(key) : await storage.put(key, body, options);
      },
    })),
  ),
  storageMutant(
    "a stream with an idempotency key is one object too",
    "ignores the idempotency key of streams",
    facadePut((key, body, options) => [
      key,
      body,
      typeof body === "string" ? options : { ...options, idempotencyKey: undefined },
    ]),
  ),
  storageMutant(
    "an idempotency key that is no text of 1 to 200 characters is a TypeError",
    "repairs idempotency keys",
    facadePut((key, body, options) => {
      const given: unknown = options?.idempotencyKey;
      return [
        key,
        body,
        given === undefined
          ? options
          : { ...options, idempotencyKey: `x${JSON.stringify(given)}`.slice(0, 200) },
      ];
    }),
  ),
  drops(
    "an idempotency key is refused with Unsupported where there is no metadata",
    "idempotencyKey",
    denied("metadata"),
  ),
];

/** Returns the options without one of them. */
function without<Options extends object>(options: Options | undefined, name: keyof Options): Options {
  return { ...options, [name]: undefined } as Options;
}

export const declaredMutants: readonly Mutant[] = [
  drops(
    "without create-only writes ifNoneMatch is refused with Unsupported before a byte moves",
    "ifNoneMatch",
    denied("ifNoneMatch"),
  ),
  drops(
    "without conditional writes ifMatch is refused with Unsupported before a byte moves",
    "ifMatch",
    denied("ifMatch"),
  ),
  drops(
    "without metadata it is refused with Unsupported before a byte moves",
    "metadata",
    denied("metadata"),
  ),
  storageMutant(
    "without create-only writes a create-only copy is refused with Unsupported",
    "copies without its condition",
    facade((storage) => ({
      copy: async (from, to, options) => storage.copy(from, to, without(options, "ifNoneMatch")),
    })),
    denied("ifNoneMatch"),
  ),
  storageMutant(
    "without ranges a range is refused with Unsupported",
    "returns the whole object for a range",
    facade((storage) => ({
      get: async (key, options) => storage.get(key, without(options, "range")),
    })),
    denied("range"),
  ),
  storageMutant(
    "without conditional deletes ifMatch of a delete is refused with Unsupported, and the object stays",
    "deletes without its condition",
    facade((storage) => ({
      delete: async (key, options) => storage.delete(key, without(options, "ifMatch")),
    })),
    denied("conditionalDelete"),
  ),
  mutant(
    "without listings list, listPage and deletePrefix are refused with Unsupported, and nothing is deleted",
    "lists nothing where it cannot list",
    verbs((inner) => ({
      list: async () => ({ objects: [], prefixes: [] }),
      supports: { ...inner.supports, list: false },
    })),
  ),
  storageMutant(
    "without empty objects a body of zero bytes is refused with Unsupported",
    "stores a line break for an empty body",
    facadePut((key, body, options) => [key, body === "" ? "\n" : body, options]),
    denied("emptyObject"),
  ),
  mutant(
    "without overwriting a put of a taken key rejects with AlreadyExists and leaves the object",
    "overwrites an object although it declares that it does not",
    verbs((inner) => ({
      put: (key, body, options) =>
        recovering(
          () => inner.put(key, body, options),
          async (error) => {
            if (error.code !== "AlreadyExists" || options.ifNoneMatch !== undefined) throw error;
            await inner.delete(key, {});
            return await inner.put(key, await toBody(body.bytes ?? ""), options);
          },
        ),
    })),
    denied("overwrite"),
  ),
  mutant(
    "without overwriting a copy onto a taken key rejects with AlreadyExists and leaves the object",
    "copies over an object although it declares that it does not",
    verbs((inner) => {
      const { copy } = inner;
      const copyOver: typeof copy =
        copy &&
        (async (from, to, options) => {
          if (options.ifNoneMatch === undefined && from !== to) await inner.delete(to, {});
          return await copy(from, to, options);
        });
      return { copy: copyOver };
    }),
    denied("overwrite"),
  ),
  mutant(
    "without an order a listing still shows every object once",
    "shows objects twice",
    listed((page) => ({
      ...page,
      objects: page.objects.length === 3 ? [...page.objects, ...page.objects] : page.objects,
    })),
    denied("orderedList"),
  ),
  mutant(
    "without exact bytes an object still reads back as something",
    "returns no object at all",
    results((result) => ({
      ...result,
      body: new Uint8Array(0),
    })),
    denied("byteExact"),
  ),
  storageMutant(
    "a body larger than objectBytesMax is refused with TooLarge before a byte moves",
    "ignores the size of a large body",
    facadePut((key, body, options) => [
      key,
      body,
      (options?.size ?? 0) > LIMIT_BYTES ? { ...options, size: undefined } : options,
    ]),
    restricted({ objectBytesMax: 5 * 1024 * 1024 }),
  ),
];

const LIMIT_BYTES = 5 * 1024 * 1024;

import { toBody } from "@stowage/core/provider";
import { type StoragePutOptions, type Supports } from "@stowage/core";
import { mutant, storageMutant, type Break, type Mutant } from "../mutant.js";
import { restricted } from "./bases.js";
import { facade, facadePut, listed, recovering, results, verbs } from "./breaks.js";

/** Makes a mutant with a facade that drops an option of put. */
function drops(rule: string, option: keyof StoragePutOptions, base?: Break): Mutant {
  const name = `silently drops ${option}${base === undefined ? "" : " if the provider does not support it"}`;
  return storageMutant(
    rule,
    name,
    facadePut((key, body, options) => [key, body, { ...options, [option]: undefined }]),
    base,
  );
}

const denied = (flag: keyof Supports): Break => restricted({ [flag]: false });
const IDEMPOTENT = "a repeated put with the same idempotency key and";

export const idempotencyMutants: readonly Mutant[] = [
  drops(`${IDEMPOTENT} the same bytes returns the result of the first put`, "idempotencyKey"),
  storageMutant(
    `${IDEMPOTENT} other bytes rejects with Conflict, and the first object stays`,
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
    "a stream that is put twice with the same idempotency key is stored only once",
    "ignores the idempotency key of streams",
    facadePut((key, body, options) => [
      key,
      body,
      typeof body === "string" ? options : { ...options, idempotencyKey: undefined },
    ]),
  ),
  storageMutant(
    "an idempotency key that is not a string of 1 to 200 characters is refused with TypeError",
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
    "if the provider keeps no metadata, an idempotency key is refused with Unsupported",
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
    "if the provider has no create-only writes, ifNoneMatch is refused with Unsupported before the source is read",
    "ifNoneMatch",
    denied("ifNoneMatch"),
  ),
  drops(
    "if the provider has no conditional writes, ifMatch is refused with Unsupported before the source is read",
    "ifMatch",
    denied("ifMatch"),
  ),
  drops(
    "if the provider keeps no metadata, a put with metadata is refused with Unsupported before the source is read",
    "metadata",
    denied("metadata"),
  ),
  storageMutant(
    "if the provider has no create-only writes, a create-only copy is refused with Unsupported",
    "copies without its condition",
    facade((storage) => ({
      copy: async (from, to, options) => storage.copy(from, to, without(options, "ifNoneMatch")),
    })),
    denied("ifNoneMatch"),
  ),
  storageMutant(
    "if the provider has no range reads, a get with a range is refused with Unsupported",
    "returns the whole object for a range",
    facade((storage) => ({
      get: async (key, options) => storage.get(key, without(options, "range")),
    })),
    denied("range"),
  ),
  storageMutant(
    "if the provider has no conditional deletes, a delete with ifMatch is refused with Unsupported, and the object stays",
    "deletes without its condition",
    facade((storage) => ({
      delete: async (key, options) => storage.delete(key, without(options, "ifMatch")),
    })),
    denied("conditionalDelete"),
  ),
  mutant(
    "list, listPage and deletePrefix are refused with Unsupported if the provider has no listings, and nothing is deleted",
    "returns empty listings although it cannot list",
    verbs((inner) => ({
      list: async () => ({ objects: [], prefixes: [] }),
      supports: { ...inner.supports, list: false },
    })),
  ),
  storageMutant(
    "if the provider cannot store empty objects, a body of zero bytes is refused with Unsupported",
    "stores a line break for an empty body",
    facadePut((key, body, options) => [key, body === "" ? "\n" : body, options]),
    denied("emptyObject"),
  ),
  mutant(
    "if the provider cannot overwrite, a put of a taken key rejects with AlreadyExists and leaves the old object unchanged",
    "overwrites an object although it declares that it cannot overwrite",
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
    "if the provider cannot overwrite, a copy onto a taken key rejects with AlreadyExists and leaves the old object unchanged",
    "copies over an object although it declares that it cannot overwrite",
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
    "if the provider has no ordered listings, a listing still shows every object once",
    "shows objects twice",
    listed((page) => ({
      ...page,
      objects: page.objects.length === 3 ? [...page.objects, ...page.objects] : page.objects,
    })),
    denied("orderedList"),
  ),
  mutant(
    "if the provider may change bytes, an object can still be read and is not empty",
    "returns an empty body",
    results((result) => ({
      ...result,
      body: new Uint8Array(0),
    })),
    denied("byteExact"),
  ),
  storageMutant(
    "a body larger than objectBytesMax is refused with TooLarge before the source is read",
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

import { toBody, type PutOptions } from "@stowage/core/provider";
import type { ObjectInfo, StorageProvider } from "@stowage/core";
import { mutant, type Break, type Mutant } from "../mutant.js";
import { bytesOf, find, tick, verbs } from "./breaks.js";

type Move = NonNullable<StorageProvider["move"]>;

/** Replaces the provider's own `move`. `change` receives the working function. */
function moves(change: (move: Move, inner: StorageProvider) => Move): Break {
  return verbs((inner) => ({ move: inner.move && change(inner.move, inner) }));
}

/** Replaces `move` with a put and a delete. The put keeps only the given facts of the source. */
function movesWith(facts: (info: ObjectInfo) => PutOptions): Break {
  return moves((_move, inner) => async (from, to) => {
    const info = await inner.head(from, {});
    const moved = await inner.put(to, await toBody(await bytesOf(inner, from)), facts(info));
    await inner.delete(from, { ifMatch: info.etag });
    return moved;
  });
}

export const moveMutants: readonly Mutant[] = [
  mutant(
    "the provider's own move gives the object its new key, and keeps the bytes, headers and metadata",
    "moves without metadata",
    movesWith(({ contentType, cacheControl }) => ({ contentType, cacheControl })),
  ),
  mutant(
    "the provider's own move returns the facts of the object under its new key",
    "returns the facts of the object under its old key",
    moves((move, inner) => async (from, to, options) => {
      const info = await inner.head(from, {});
      await move(from, to, options);
      return info;
    }),
  ),
  mutant(
    "the provider's own move replaces the whole target",
    "keeps the headers of the target of a move",
    moves((move, inner) => async (from, to, options) => {
      const old = await find(inner, to);
      const info = await move(from, to, options);
      if (old?.cacheControl === undefined) return info;
      return await inner.put(to, await toBody(await bytesOf(inner, to)), { cacheControl: old.cacheControl });
    }),
  ),
  mutant(
    "the provider's own move with a wrong sourceIfMatch rejects with PreconditionFailed and moves nothing",
    "moves an object without comparing its ETag",
    moves(
      (move) =>
        (from, to, { sourceIfMatch: _etag, ...options }) =>
          move(from, to, options),
    ),
  ),
  mutant(
    "the provider's own create-only move onto an existing object rejects with AlreadyExists and leaves both objects unchanged",
    "replaces an existing object although the move is create-only",
    moves(
      (move) =>
        (from, to, { ifNoneMatch: _condition, ...options }) =>
          move(from, to, options),
    ),
  ),
  mutant(
    "the provider's own create-only move to a free key moves the object",
    "copies instead of moving to a free key",
    moves((move, inner) => async (from, to, options) => {
      if (options.ifNoneMatch === undefined || inner.copy === undefined) return await move(from, to, options);
      return await inner.copy(from, to, options);
    }),
  ),
  mutant(
    "the provider's own move of a missing object rejects with NotFound and leaves the target unchanged",
    "clears the target before it looks for the source",
    moves((move, inner) => async (from, to, options) => {
      if (options.ifNoneMatch === undefined) await inner.delete(to, {});
      return await move(from, to, options);
    }),
  ),
  mutant(
    "a moved object has the write id of the move, and never the old write id",
    "keeps the old write id of a moved object",
    moves((move, inner) => async (from, to, options) => {
      const { writeId } = await inner.head(from, {});
      return await move(from, to, { writeId, ...options });
    }),
  ),
  mutant(
    "during a move, the object can be found at every moment, with its metadata",
    "deletes the old key before it writes the new key",
    moves((move, inner) => async (from, to, options) => {
      const info = await inner.head(from, {});
      if (
        options.sourceIfMatch !== undefined ||
        options.ifNoneMatch !== undefined ||
        options.writeId !== undefined
      ) {
        return await move(from, to, options);
      }
      const bytes = await bytesOf(inner, from);
      await inner.delete(from, { ifMatch: info.etag });
      for (let turn = 0; turn < 5; turn++) await tick();
      const { contentType, cacheControl, metadata } = info;
      return await inner.put(to, await toBody(bytes), { contentType, cacheControl, metadata });
    }),
  ),
  mutant(
    "an object that is written during a move is not lost",
    "deletes an object that was written during the move",
    moves((_move, inner) => async (from, to, options) => {
      const { copy } = inner;
      if (copy === undefined) throw new TypeError("this mutant needs a base provider with a copy method");
      const info = await copy(from, to, options);
      for (let turn = 0; turn < 5; turn++) await tick();
      await inner.delete(from, {});
      return info;
    }),
  ),
];

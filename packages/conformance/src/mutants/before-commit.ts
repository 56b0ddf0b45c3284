import type { StorageProvider } from "@stowage/core";
import { mutant, type Mutant } from "../mutant.js";
import { verbs } from "./breaks.js";

type Put = StorageProvider["put"];

function refusedPut(what: string): string {
  return `if beforeCommit throws during a put of ${what}, the put rejects with that error, and the old object stays`;
}

function refused(verb: "delete" | "copy" | "move"): string {
  return `if beforeCommit throws during a ${verb}, the ${verb} rejects with that error, and nothing is changed`;
}

/** Calls `beforeCommit` too late, after the put, if `is` is true for the body. */
function asksLate(
  is: (body: Parameters<Put>[1]) => boolean,
): (inner: StorageProvider) => Partial<StorageProvider> {
  return (inner) => ({
    put: async (key, body, options) => {
      if (!is(body)) return await inner.put(key, body, options);
      const { beforeCommit, ...others } = options;
      const info = await inner.put(key, body, others);
      beforeCommit?.();
      return info;
    },
  });
}

const LARGE_BYTES = 100_000;

export const beforeCommitMutants: readonly Mutant[] = [
  mutant(
    refusedPut("bytes"),
    "calls beforeCommit after it has stored a few bytes",
    verbs(asksLate(({ bytes }) => bytes !== undefined && bytes.byteLength < LARGE_BYTES)),
  ),
  mutant(
    refusedPut("200,001 bytes"),
    "calls beforeCommit after it has stored many bytes",
    verbs(asksLate(({ bytes }) => bytes !== undefined && bytes.byteLength > LARGE_BYTES)),
  ),
  mutant(
    refusedPut("a stream"),
    "calls beforeCommit after it has stored a stream",
    verbs(asksLate(({ bytes }) => bytes === undefined)),
  ),
  mutant(
    refusedPut("a stream that is sent in parts"),
    "does not call beforeCommit for streams",
    verbs((inner) => ({
      put: (key, body, { beforeCommit, ...options }) =>
        inner.put(key, body, body.bytes === undefined ? options : { ...options, beforeCommit }),
    })),
  ),
  mutant(
    refused("delete"),
    "does not call beforeCommit for a delete",
    verbs((inner) => ({ delete: (key, { beforeCommit: _ask, ...options }) => inner.delete(key, options) })),
  ),
  mutant(
    refused("copy"),
    "does not call beforeCommit for a copy",
    verbs(({ copy }) => ({
      copy: copy && ((from, to, { beforeCommit: _ask, ...options }) => copy(from, to, options)),
    })),
  ),
  mutant(
    refused("move"),
    "does not call beforeCommit for a move",
    verbs(({ move }) => ({
      move: move && ((from, to, { beforeCommit: _ask, ...options }) => move(from, to, options)),
    })),
  ),
  mutant(
    "after beforeCommit has refused a put, the key can be written at once",
    "locks a key forever after a refused put",
    verbs((inner) => {
      const kept = new Set<string>();
      return {
        put: async (key, body, options) => {
          if (kept.has(key)) throw new Error("the key is being written");
          const beforeCommit = (): void => {
            kept.add(key);
            options.beforeCommit?.();
            kept.delete(key);
          };
          return await inner.put(key, body, { ...options, beforeCommit });
        },
      };
    }),
  ),
  mutant(
    "each write or delete calls beforeCommit before it resolves",
    "calls beforeCommit only after the delete has resolved",
    verbs((inner) => ({
      delete: async (key, { beforeCommit, ...options }) => {
        await inner.delete(key, options);
        if (beforeCommit !== undefined) setImmediate(beforeCommit);
      },
    })),
  ),
  mutant(
    "a put does not call beforeCommit before the source has given all its bytes",
    "calls beforeCommit before it reads the body",
    verbs((inner) => ({
      put: async (key, body, { beforeCommit, ...options }) => {
        beforeCommit?.();
        return await inner.put(key, body, options);
      },
    })),
  ),
];

import { StorageError, type StorageProvider } from "@stowage/core";
import { delay, intercept, type Around, type Call } from "@stowage/core/provider";

/** The ways in which a member can be broken on purpose. */
export const MEMBER_STATES = ["works", "down", "slow", "hanging", "full"] as const;
export type MemberState = (typeof MEMBER_STATES)[number];

/** A provider with a switch. */
export interface Breakable {
  /** The provider itself, past the switch. */
  readonly inner: StorageProvider;
  /** The provider behind its switch, for a composer. */
  readonly provider: StorageProvider;
  readonly state: () => MemberState;
  readonly turn: (state: MemberState) => void;
}

const SLOW_MS = 1500;
const WRITES: ReadonlySet<string> = new Set(["put", "copy", "move", "multipart", "signUpload"]);

/**
 * Puts a switch in front of a provider.
 *
 * `down` fails every call at once. `slow` lets each call wait. `hanging` takes calls and never answers: a call that hangs goes on when the
 * switch is turned, or ends when its caller gives it up. `full` refuses writes.
 */
export function breakable(inner: StorageProvider): Breakable {
  let state: MemberState = "works";
  let turned = new AbortController();
  const around: Around = async (call, next) => {
    if (state === "down") throw failure(call, "Unavailable", "the switch of this page is set to down");
    if (state === "full" && WRITES.has(call.operation)) {
      throw failure(call, "OutOfSpace", "the switch of this page is set to full");
    }
    if (state === "slow") await delay(SLOW_MS, call.options.signal);
    while (state === "hanging") await untilAborted(turned.signal, call.options.signal);
    return await next();
  };
  const failure = (call: Call, code: "Unavailable" | "OutOfSpace", reason: string): StorageError =>
    new StorageError(code, reason, {
      operation: call.operation,
      provider: inner.name,
      key: call.key,
      applied: "no",
    });
  return {
    inner,
    provider: intercept(inner, { type: "breakable", around, limits: ["it can be broken on purpose"] }),
    state: () => state,
    turn: (next) => {
      state = next;
      turned.abort();
      turned = new AbortController();
    },
  };
}

/** Waits until the switch is turned. @throws The reason of the caller's signal when that aborts first. */
async function untilAborted(turned: AbortSignal, caller: AbortSignal | undefined): Promise<void> {
  caller?.throwIfAborted();
  const either = caller === undefined ? turned : AbortSignal.any([turned, caller]);
  await new Promise<void>((resolve) => either.addEventListener("abort", () => resolve(), { once: true }));
  caller?.throwIfAborted();
}

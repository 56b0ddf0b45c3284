import type { Duplex } from "node:stream";

/** The refusal that a caller's `beforeCommit` has thrown. The request was not sent, or not to its end. */
export class RefusedError extends Error {
  constructor(readonly reason: unknown) {
    super("The change is no longer allowed");
  }
}

/** Tells whether a connection is still being made. Data that is written to it now may leave much later. */
export function isConnecting(socket: Duplex): boolean {
  const { connecting, secureConnecting } = socket as {
    readonly connecting?: boolean;
    readonly secureConnecting?: boolean;
  };
  return connecting === true || secureConnecting === true;
}

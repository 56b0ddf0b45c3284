import type { Duplex } from "node:stream";

/** The error for a call whose `beforeCommit` has thrown. The request was not sent, or only a part of it was sent. */
export class RefusedError extends Error {
  constructor(readonly reason: unknown) {
    super("The change is no longer allowed");
  }
}

/** Tells whether a connection is still being opened. Data that is written to the connection now may be sent much later. */
export function isConnecting(socket: Duplex): boolean {
  const { connecting, secureConnecting } = socket as {
    readonly connecting?: boolean;
    readonly secureConnecting?: boolean;
  };
  return connecting === true || secureConnecting === true;
}

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Answers that wait for their turn on a connection. They are kept here so that each connection needs only one listener. */
const waiting = new WeakMap<Socket, Set<() => void>>();

/**
 * Waits until the earlier answers on the connection are sent. A client may send many requests without waiting for answers. A
 * request that waits for its turn must not keep a file or a socket of the store open.
 *
 * @returns `false` if the connection has closed.
 */
export async function hasTurn({ socket }: IncomingMessage, response: ServerResponse): Promise<boolean> {
  if (response.socket !== null) return true;
  if (socket.destroyed) return false;
  return await new Promise((resolve) => {
    const leavers = leaversOf(socket);
    const leave = (): void => resolve(false);
    leavers.add(leave);
    response.once("socket", () => {
      leavers.delete(leave);
      resolve(true);
    });
  });
}

function leaversOf(socket: Socket): Set<() => void> {
  const known = waiting.get(socket);
  if (known !== undefined) return known;
  const leavers = new Set<() => void>();
  waiting.set(socket, leavers);
  socket.once("close", () => {
    for (const leave of leavers) leave();
  });
  return leavers;
}

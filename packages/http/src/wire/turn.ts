import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Answers that wait for their turn on a connection, so that each connection has one listener. */
const waiting = new WeakMap<Socket, Set<() => void>>();

/**
 * Waits until the earlier answers on the connection are sent. A client may send many requests at once, and a waiting request must not hold a
 * file or a socket of the store open.
 *
 * @returns `false` when the connection has closed.
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

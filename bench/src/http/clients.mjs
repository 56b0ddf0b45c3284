/** Clients that cost little: raw sockets that send the same request again and again, and look at lengths alone. */
import { connect } from "node:net";

const HEAD_END = Buffer.from("\r\n\r\n");

/** Opens a connection that is kept. */
export async function openClient(port) {
  const socket = connect(port, "127.0.0.1");
  socket.setNoDelay(true);
  await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  let waiting;
  let left = 0;
  let head = Buffer.alloc(0);
  socket.on("error", (error) => waiting?.reject(error));
  socket.on("close", () => waiting?.reject(new Error("the server has closed the connection")));
  socket.on("data", (chunk) => {
    let bytes = chunk;
    if (waiting !== undefined && waiting.status === undefined) {
      head = head.length === 0 ? bytes : Buffer.concat([head, bytes]);
      const end = head.indexOf(HEAD_END);
      if (end === -1) return;
      const text = head.toString("latin1", 0, end);
      waiting.status = Number(text.slice(9, 12));
      left = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
      bytes = head.subarray(end + HEAD_END.length);
      head = Buffer.alloc(0);
    }
    left -= bytes.length;
    if (left > 0 || waiting === undefined) return;
    const done = waiting;
    waiting = undefined;
    done.resolve(done.status);
  });
  return {
    socket,
    /** Sends a request, and resolves with the status when the whole answer is there. */
    ask: (text, body) =>
      new Promise((resolve, reject) => {
        waiting = { resolve, reject, status: undefined };
        socket.write(text);
        if (body !== undefined) socket.write(body);
      }),
    close: () => socket.destroy(),
  };
}

export function getOf(target) {
  return `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`;
}

export function putOf(target, length) {
  return `PUT ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: ${length}\r\n\r\n`;
}

/** The two ways by which the client by hand sends requests. */
import { Agent as HttpAgent, request as requestHttp } from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";
import { Readable } from "node:stream";
import { Pool } from "undici";

export function transportFor(name, endpoint) {
  return name === "undici" ? undici(endpoint) : node(endpoint);
}

function undici(endpoint) {
  const pool = new Pool(endpoint, { connections: 64, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });
  return {
    // Without `reset`, undici closes the connection after every HEAD.
    request: (request) => pool.request({ ...request, reset: false }),
    close: () => pool.close(),
  };
}

function node(endpoint) {
  const { protocol, hostname, port } = new URL(endpoint);
  const isTls = protocol === "https:";
  const agent = new (isTls ? HttpsAgent : HttpAgent)({ keepAlive: true, maxSockets: 64 });
  const open = isTls ? requestHttps : requestHttp;
  return {
    request: ({ method, path, headers, body }) =>
      new Promise((resolve, reject) => {
        const request = open({ agent, hostname, port, method, path, headers, setHost: false });
        request.once("error", reject);
        request.once("response", (message) =>
          resolve({ statusCode: message.statusCode, headers: message.headers, body: withHelpers(message) }),
        );
        if (body instanceof Readable) body.pipe(request);
        else request.end(body);
      }),
    close: async () => agent.destroy(),
  };
}

/** The functions that bodies of undici have. */
function withHelpers(message) {
  const bytes = async () => {
    const chunks = [];
    message.on("data", (chunk) => chunks.push(chunk));
    await new Promise((resolve, reject) => message.once("end", resolve).once("error", reject));
    return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
  };
  return Object.assign(message, {
    text: async () => (await bytes()).toString(),
    arrayBuffer: bytes,
    dump: async () => void message.resume(),
  });
}

import { clock } from "@stowage/core/provider";
import { Agent as HttpAgent, type AgentOptions, type ClientRequest } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import type { Duplex } from "node:stream";
import { watchOf } from "./request-watch.js";

/** The maximum number of connections to one server. */
const SOCKETS_MAX = 256;

/** The time limit for making a connection, in milliseconds. */
const CONNECT_MS = 3000;

/**
 * The time, in milliseconds, for which a request waits for a free connection. This time equals the time limit for the
 * first byte of an answer.
 */
const QUEUE_MS = 15_000;

const OPTIONS: AgentOptions = { keepAlive: true, maxSockets: SOCKETS_MAX, noDelay: true };

/** The agents for HTTP and HTTPS, which keep their connections open. */
export type Agents = readonly [HttpAgent, HttpsAgent];

/**
 * Makes agents that limit the time for making a connection. The limit does not include the time for which a request
 * waits for a free connection. During that time the request waits for this process, not for the server.
 */
export function createAgents(limits: AgentLimits = {}): Agents {
  return [
    watch(new HttpAgent(OPTIONS), "connect", limits),
    watch(new HttpsAgent(OPTIONS), "secureConnect", limits),
  ];
}

/** The limits of {@link createAgents}. */
interface AgentLimits {
  readonly connectMs?: number | undefined;
  readonly queueMs?: number | undefined;
}

/** The methods of Node's agents that are missing in Node's types. */
interface Asked {
  addRequest?: (request: ClientRequest, ...rest: unknown[]) => void;
  createConnection: (...rest: unknown[]) => Duplex | null | undefined;
}

/** The interval at which a waiting request reports that it is still active, in milliseconds. */
const SIGN_MS = 1000;

function watch<Agent extends HttpAgent>(
  agent: Agent,
  connected: "connect" | "secureConnect",
  { connectMs = CONNECT_MS, queueMs = QUEUE_MS }: AgentLimits,
): Agent {
  const asked = agent as unknown as Asked;
  const createConnection = asked.createConnection.bind(agent);
  asked.createConnection = (...rest) => {
    const socket = createConnection(...rest);
    if (socket) limitConnecting(socket, connected, connectMs);
    return socket;
  };
  const addRequest = asked.addRequest?.bind(agent);
  if (addRequest === undefined) return agent;
  let movedAt = clock.now();
  asked.addRequest = (request, ...rest) => {
    let timer: NodeJS.Timeout | undefined;
    const { headers } = Object(rest[0]) as { readonly headers?: object };
    const { onWait, moment } = (headers && watchOf(headers)) ?? {};
    moment?.watch(request, connected);
    const askedAt = clock.now();
    const look = (): void => {
      const waitedMs = clock.now() - Math.max(askedAt, movedAt);
      if (waitedMs >= queueMs) return giveUp(request, queueMs);
      if (waitedMs < SIGN_MS) onWait?.();
      timer = clock.setTimeout(look, Math.min(SIGN_MS, Math.max(1, queueMs - waitedMs)));
    };
    const end = (): void => clock.clearTimeout(timer);
    request.once("socket", () => {
      movedAt = clock.now();
      end();
    });
    request.once("close", end);
    addRequest(request, ...rest);
    if (Object.keys(agent.requests).length > 0) look();
  };
  return agent;
}

/**
 * Ends a request that has no connection. Also emits the error, because Node reports the end of a request only if the request
 * has a connection.
 */
function giveUp(request: ClientRequest, queueMs: number): void {
  request.destroy();
  request.emit("error", failure("NoFreeConnection", `${queueMs} ms`));
}

function limitConnecting(socket: Duplex, connected: string, connectMs: number): void {
  const expire = (): void => void socket.destroy(failure("ConnectTimeout", `${connectMs} ms`));
  const timer = clock.setTimeout(expire, connectMs);
  const end = (): void => clock.clearTimeout(timer);
  socket.once(connected, end).once("close", end);
}

function failure(code: "ConnectTimeout" | "NoFreeConnection", message: string): Error {
  return Object.assign(new Error(message), { code });
}

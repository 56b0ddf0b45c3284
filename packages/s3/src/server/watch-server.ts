import { assertEndpoint } from "./endpoint.js";
import { askClient, clientServer } from "./client-server.js";
import { configured, type Configured } from "./environment.js";
import type { Server, ServerChoice, WatchedServer } from "./server.js";
import { regionOf } from "./vendors.js";

/** A region that most servers accept. */
const REGION = "us-east-1";

/**
 * Finds the server by its endpoint, which comes from the options, the environment or the profile. If the caller has
 * given a client, also starts to ask the client for its settings.
 *
 * @throws TypeError for a wrong endpoint, whatever its source is.
 */
export function watchServer(options: ServerChoice): WatchedServer {
  const { client } = options;
  if (client === undefined) {
    const server = namedServer(options);
    return { now: () => server, ask: async () => server };
  }
  let current = clientServer(options, client);
  let asking: Promise<Server> | undefined;
  const ask = async (): Promise<Server> => {
    asking ??= askClient(client, current, options);
    try {
      return (current = await asking);
    } catch (error) {
      asking = undefined;
      throw error;
    }
  };
  // A failure is ignored here, because the first request reports the failure.
  ask().catch(() => {});
  return { now: () => current, ask };
}

function namedServer(options: ServerChoice): Server {
  const found = configured();
  if (options.endpoint !== undefined) return serverAt(options.endpoint, "endpoint", options, found);
  const outside = found.endpoint();
  if (outside !== undefined) return serverAt(outside.url, outside.source, options, found);
  const { region, dualstack, fips } = found;
  return {
    endpoint: undefined,
    region: options.region ?? region,
    isKnown: true,
    forcePathStyle: options.forcePathStyle ?? false,
    accelerate: options.accelerate ?? false,
    dualstack: options.dualstack ?? dualstack,
    fips,
  };
}

function serverAt(endpoint: string, source: string, options: ServerChoice, found: Configured): Server {
  assertEndpoint(source, endpoint, options.bucket);
  if (options.accelerate === true || options.dualstack === true) {
    throw new TypeError(`s3: accelerate and dualstack need an address of Amazon: remove ${source}`);
  }
  return {
    endpoint,
    region: options.region ?? regionOf(endpoint) ?? found.region ?? REGION,
    isKnown: true,
    // A bucket cannot stand in front of an IP address.
    forcePathStyle: isNumber(endpoint) || (options.forcePathStyle ?? true),
    accelerate: false,
    dualstack: false,
    fips: false,
  };
}

function isNumber(endpoint: string): boolean {
  return /^(?:[\d.]+|\[.*\])$/.test(new URL(endpoint).hostname);
}

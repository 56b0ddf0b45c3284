import type { S3Client as SdkClient } from "@aws-sdk/client-s3";
import { assertEndpoint } from "./endpoint.js";
import { configured } from "./environment.js";
import type { Server, ServerChoice } from "./server.js";

/** The configuration of a client. Some settings are available immediately, and the others have to be awaited. */
interface ClientConfig {
  readonly isCustomEndpoint?: boolean;
  readonly ignoreConfiguredEndpointUrls?: boolean;
  readonly forcePathStyle?: boolean;
  readonly useAccelerateEndpoint?: boolean;
  readonly profile?: string;
  readonly endpoint?: () => Promise<object>;
  readonly serviceConfiguredEndpoint?: () => Promise<string | undefined>;
  readonly region?: () => Promise<string>;
  readonly useDualstackEndpoint?: () => Promise<boolean>;
  readonly useFipsEndpoint?: () => Promise<boolean>;
}

function configOf(client: SdkClient): ClientConfig | undefined {
  return (client as { readonly config?: ClientConfig }).config;
}

/**
 * Returns what is known about a client's server without waiting. If the client has an endpoint of its own, the endpoint
 * is not known yet. Otherwise the endpoint comes from the environment, because the client reads the environment too.
 *
 * @throws TypeError for an endpoint that is wrong.
 */
export function clientServer(options: ServerChoice, client: SdkClient): Server {
  const { bucket, region, dualstack } = options;
  const config = configOf(client);
  const { isCustomEndpoint, ignoreConfiguredEndpointUrls, profile } = config ?? {};
  const found = configured(profile);
  const isTold = options.endpoint !== undefined;
  const reads = !isTold && isCustomEndpoint === false && ignoreConfiguredEndpointUrls !== true;
  const outside = reads ? found.endpoint() : undefined;
  const endpoint = options.endpoint ?? outside?.url;
  if (endpoint !== undefined) assertEndpoint(outside?.source ?? "endpoint", endpoint, bucket);
  return {
    endpoint,
    region,
    isKnown: isTold || isCustomEndpoint === false,
    forcePathStyle: config?.forcePathStyle === true,
    accelerate: config?.useAccelerateEndpoint === true,
    dualstack: dualstack ?? found.dualstack,
    fips: found.fips,
  };
}

/**
 * Asks a client for the server to which the client sends requests.
 *
 * @throws TypeError if the client's endpoint is wrong, or is not the endpoint that was assumed before.
 */
export async function askClient(
  client: SdkClient,
  server: Server,
  { bucket, dialect }: ServerChoice,
): Promise<Server> {
  const config = configOf(client);
  if (config?.isCustomEndpoint === undefined) return server;
  const endpoint = await endpointOf(config);
  if (endpoint !== undefined) assertEndpoint("the client's endpoint", endpoint, bucket);
  if (dialect === undefined && server.isKnown && originOf(endpoint) !== originOf(server.endpoint)) {
    const [right, wrong] = [endpoint, server.endpoint].map((url) => url ?? "Amazon's");
    throw new TypeError(
      `s3: the client's endpoint is ${right}, but the settings say ${wrong}: give endpoint or dialect`,
    );
  }
  return {
    ...server,
    endpoint,
    isKnown: true,
    // If no region is found, the SDK reports this with the first request.
    region: server.region ?? (await config.region?.().catch(() => undefined)),
    dualstack: (await config.useDualstackEndpoint?.()) ?? server.dualstack,
    fips: (await config.useFipsEndpoint?.()) ?? server.fips,
  };
}

async function endpointOf(config: ClientConfig): Promise<string | undefined> {
  if (config.isCustomEndpoint === true) return urlOf(await config.endpoint?.());
  return config.ignoreConfiguredEndpointUrls === true
    ? undefined
    : await config.serviceConfiguredEndpoint?.();
}

/** Returns an endpoint as a text. The SDK has three forms for endpoints. */
function urlOf(endpoint: object | undefined): string | undefined {
  if (endpoint === undefined || endpoint instanceof URL) return endpoint?.href;
  if ("url" in endpoint) return String(endpoint.url);
  const { protocol, hostname, port, path } = endpoint as Readonly<
    Record<string, string | number | undefined>
  >;
  return `${protocol}//${hostname}${port === undefined ? "" : `:${port}`}${path ?? ""}`;
}

function originOf(endpoint: string | undefined): string | undefined {
  if (endpoint === undefined) return undefined;
  const { origin, pathname } = new URL(endpoint);
  return origin + pathname.replace(/\/$/, "");
}

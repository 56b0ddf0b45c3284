import { IdleBodies } from "@stowage/core/provider";
import type { S3Client } from "../server/client.js";
import { S3FailureError } from "../server/client.js";
import type { Dialect } from "../server/dialect.js";
import { digestAlgorithm } from "../server/digest.js";
import type { ObjectOptions } from "../server/object-options.js";
import type { Server } from "../server/server.js";
import type { S3Signer } from "../server/signer.js";
import { bucketRequests } from "../requests/bucket-requests.js";
import type { Commands } from "../requests/commands.js";
import { copyRequests } from "../requests/copy-requests.js";
import { objectInputs } from "../requests/object-fields.js";
import { objectRequests } from "../requests/object-requests.js";
import type { Requests, Storing } from "../requests/shared.js";
import { tagRequests } from "../requests/tag-requests.js";
import { uploadRequests } from "../requests/upload-requests.js";
import type { SdkClientOptions } from "../sdk/load.js";
import { sdkPackage } from "../sdk/packages.js";
import { sdkAccess } from "../sdk/sdk-access.js";
import type { S3Setup } from "../sdk/setup-requests.js";
import { addressOf } from "../wire/address.js";
import type { ChosenWire } from "../wire/choose.js";
import { ownCommands, type Address } from "../wire/commands.js";
import { keySource, searchedKeys, type GivenKeys, type KeySource, type SearchPackage } from "../wire/keys.js";
import { ServerClock } from "../wire/server-clock.js";
import { createSigner, type Sign } from "../wire/sign.js";
import { createAgents, type Agents } from "./agents.js";
import { attempt } from "./failure.js";
import { unsent } from "./local-failure.js";

/** The adapter's access to a server: the client, the signer and the set-up requests. */
export interface Connection {
  readonly client: S3Client;
  readonly signer: S3Signer;
  readonly setup: S3Setup;
  /** Returns a connection that shares the sockets of this connection, but stores objects with other options. */
  readonly storing: (objects: ObjectOptions) => Connection;
}

/** The options of {@link connect}. */
export interface ConnectOptions extends SdkClientOptions {
  readonly wire: ChosenWire;
}

/** Makes a connection. The chosen wire sends its commands. */
export function connect(options: ConnectOptions, dialect: Dialect, objects: ObjectOptions): Connection {
  const { bucket, wire } = options;
  const agents = createAgents();
  const idle = new IdleBodies(agents);
  const isOwn = wire.wire === "own";
  const clock = new ServerClock();
  const keys = isOwn ? keysOf(options) : undefined;
  const sdk = sdkAccess({
    sdk: keys === undefined ? options : { ...options, credentials: async () => await keys.get(clock.now()) },
    agents,
    dialect,
    clockOffsetMs: isOwn ? () => clock.offsetMs : undefined,
  });
  const own = keys && wireOf(options, { agents, dialect, clock, keys });
  const commands = (): Commands => (own !== undefined && wire.now() === "own" ? own : sdk.commands);
  const requests: Requests = {
    bucket,
    request: async (call, make) => {
      const { prepare, send, clockOffsetMs } = commands();
      if (prepare !== undefined) await prepare();
      return await attempt(call.signal, () => make((name, input) => send(name, input, call)), clockOffsetMs);
    },
  };
  const close = (): void => {
    for (const agent of agents) agent.destroy();
  };
  const storing = (given: ObjectOptions): Connection => ({
    client: { ...clientOf(requests, dialect, given), idle, close },
    signer: sdk.signer(given),
    setup: sdk.setup,
    storing,
  });
  return storing(objects);
}

interface WireParts {
  readonly agents: Agents;
  readonly dialect: Dialect;
  readonly clock: ServerClock;
  readonly keys: KeySource;
}

/** Makes the commands of the wire `"own"`. The address and the signer are made when the first command is sent. */
function wireOf(
  { server, bucket, unsignedPayload }: ConnectOptions,
  { agents, ...parts }: WireParts,
): Commands {
  let address: Address | undefined;
  let sign: Sign | undefined;
  return ownCommands({
    ...parts,
    unsignedPayload,
    address: () => (address ??= addressOf(checkedServer(server.now()), bucket, agents)),
    sign: () => (sign ??= createSigner(checkedServer(server.now()).region)),
  });
}

/** The form of a region's name. Any other text could change the host to which requests go. */
const REGION = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$/;

/** Returns a server whose region can be a part of a host's name. */
function checkedServer(server: Server): Server & { readonly region: string } {
  const { region } = server;
  if (region === undefined) throw new S3FailureError(unsent("MissingRegion", undefined));
  if (!REGION.test(region)) throw new S3FailureError(unsent("InvalidRegion", undefined));
  return { ...server, region };
}

function keysOf({ credentials, server }: ConnectOptions): KeySource {
  if (credentials !== undefined) return keySource(credentials as GivenKeys);
  const load = (): Promise<SearchPackage> =>
    sdkPackage(
      "@aws-sdk/credential-provider-node",
      () => import("@aws-sdk/credential-provider-node"),
    ) as Promise<object> as Promise<SearchPackage>;
  return keySource(searchedKeys(server.now().region, load));
}

function clientOf(
  requests: Requests,
  dialect: Dialect,
  objects: ObjectOptions,
): Omit<S3Client, "close" | "idle"> {
  const how: Storing = {
    ...objectInputs(objects),
    algorithm: digestAlgorithm(dialect, objects.checksum),
    compares: objects.checksum !== undefined && dialect.checksum !== "none",
  };
  return {
    ...objectRequests(requests, how),
    ...bucketRequests(requests),
    ...copyRequests(requests, how),
    ...uploadRequests(requests, how),
    ...tagRequests(requests),
  };
}

import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { knownNames, oneOf, type OptionNames } from "@stowage/core/provider";
import { callAdminApi } from "./admin-api.js";
import { answerJson, answerRefusal } from "./answer.js";
import { createAssets, type Asset } from "./assets.js";
import { createCdn } from "./cdn.js";
import { FREE_PLAN, type Cloud, type CloudinaryLimits } from "./cloud.js";
import { deliver, download } from "./delivery.js";
import {
  breakAnswer,
  createFaults,
  failAtOnce,
  type CloudinaryFailure,
  type FakeRequest,
  type Faults,
} from "./faults.js";
import { Refusal } from "./refusal.js";
import type { SignatureAlgorithm } from "./signature.js";
import { callUploadApi } from "./upload-api.js";

/** The options of {@link cloudinaryFake}: the account, and the behaviour of its server. */
export interface CloudinaryFakeOptions {
  /**
   * The name of the cloud.
   *
   * @default `"demo"`
   */
  readonly cloudName?: string | undefined;
  /**
   * The account's key.
   *
   * @default random
   */
  readonly apiKey?: string | undefined;
  /**
   * The account's secret.
   *
   * @default random
   */
  readonly apiSecret?: string | undefined;
  /**
   * The digest algorithm that the account uses to sign requests.
   *
   * @default `"sha1"`
   */
  readonly signatureAlgorithm?: SignatureAlgorithm | undefined;
  /**
   * The limits of the account.
   *
   * @default the limits of the free plan
   */
  readonly limits?: Partial<CloudinaryLimits> | undefined;
  /**
   * The folder mode of the account. It decides which folder fields an answer has.
   *
   * @default `"dynamic"`, as in new accounts
   */
  readonly folders?: "fixed" | "dynamic" | undefined;
  /**
   * The folder in which bodies are kept. It is created if it is missing.
   *
   * @default none: bodies are kept in memory
   */
  readonly directory?: string | undefined;
  /**
   * Leaves a placeholder for each deleted asset.
   *
   * @default false
   */
  readonly backups?: boolean | undefined;
  /**
   * Refuses files that are sent as an image or a video but are not an image or a video.
   *
   * @default true
   */
  readonly checksFormats?: boolean | undefined;
  /**
   * Lets the download endpoint serve ranges.
   *
   * @default false: Cloudinary's documentation does not mention such ranges
   */
  readonly rangedDownloads?: boolean | undefined;
  /**
   * Returns the time in milliseconds since 1970.
   *
   * @default the system clock
   */
  readonly now?: (() => number) | undefined;
}

const FAKE_OPTIONS: OptionNames<CloudinaryFakeOptions> = {
  cloudName: true,
  apiKey: true,
  apiSecret: true,
  signatureAlgorithm: true,
  limits: true,
  folders: true,
  directory: true,
  backups: true,
  checksFormats: true,
  rangedDownloads: true,
  now: true,
};

const LIMITS: OptionNames<CloudinaryLimits> = {
  imageBytesMax: true,
  videoBytesMax: true,
  rawBytesMax: true,
  requestBytesMax: true,
  chunkBytesMin: true,
  adminCallsPerHour: true,
  forbiddenFormats: true,
  undeliveredFormats: true,
};

/** A fake of Cloudinary that runs on this machine. */
export interface CloudinaryFake {
  /** The address of the API and of delivered files, without a slash at the end. */
  readonly url: string;
  readonly cloudName: string;
  readonly apiKey: string;
  readonly apiSecret: string;
  /** All requests so far, in the order of their arrival. */
  readonly requests: readonly FakeRequest[];
  readonly assets: () => readonly Asset[];
  /** Counts the uploads that are not complete yet. */
  readonly unfinishedUploads: () => number;
  /** Counts the open connections. */
  readonly openSockets: () => number;
  /** Makes requests fail from now on. */
  readonly fail: (failure: CloudinaryFailure) => void;
  /** Stops all failures. */
  readonly heal: () => void;
  readonly close: () => Promise<void>;
}

/** The state of one fake. */
interface Running {
  readonly cloud: Cloud;
  readonly faults: Faults;
  readonly requests: FakeRequest[];
}

/**
 * Starts a fake of Cloudinary on 127.0.0.1. The fake has the Upload API, the part of the Admin API that a storage needs, the
 * download endpoint, and delivery with a CDN. It verifies signatures, times, framing and limits as Cloudinary does. It keeps
 * the uploaded files, and can fail requests in every way that {@link CloudinaryFault} lists.
 *
 * @example
 * ```ts
 * const fake = await cloudinaryFake();
 * fake.fail({ fault: { type: "status", status: 503 }, times: 1 });
 * ```
 */
export async function cloudinaryFake(options: CloudinaryFakeOptions = {}): Promise<CloudinaryFake> {
  knownNames("cloudinaryFake", options, FAKE_OPTIONS);
  knownNames<Partial<CloudinaryLimits>>("cloudinaryFake: limits", options.limits ?? {}, LIMITS);
  oneOf("cloudinaryFake", "folders", options.folders, [undefined, "fixed", "dynamic"]);
  oneOf("cloudinaryFake", "signatureAlgorithm", options.signatureAlgorithm, [undefined, "sha1", "sha256"]);
  if (options.directory !== undefined) await mkdir(options.directory, { recursive: true });
  let origin = "";
  const cloud = createCloud(options, () => origin);
  const running: Running = { cloud, faults: createFaults(), requests: [] };
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => void serve(running, request, response));
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: origin,
    cloudName: cloud.name,
    apiKey: cloud.apiKey,
    apiSecret: cloud.apiSecret,
    requests: running.requests,
    assets: () => cloud.assets.all(),
    unfinishedUploads: () => cloud.uploads.size,
    openSockets: () => sockets.size,
    fail: running.faults.add,
    heal: running.faults.clear,
    close: () => closeServer(server, cloud),
  };
}

function createCloud(options: CloudinaryFakeOptions, origin: () => string): Cloud {
  return {
    name: options.cloudName ?? "demo",
    apiKey: options.apiKey ?? String(randomBytes(6).readUIntBE(0, 6)),
    apiSecret: options.apiSecret ?? randomBytes(20).toString("base64url"),
    algorithm: options.signatureAlgorithm ?? "sha1",
    limits: { ...FREE_PLAN, ...options.limits },
    folders: options.folders ?? "dynamic",
    directory: options.directory,
    checksFormats: options.checksFormats ?? true,
    rangedDownloads: options.rangedDownloads ?? false,
    assets: createAssets(options.backups ?? false),
    cdn: createCdn(),
    uploads: new Map(),
    now: options.now ?? Date.now,
    origin,
    adminCalls: [],
  };
}

async function closeServer(server: Server, { assets, uploads }: Cloud): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
  await Promise.all(assets.all().map(({ body }) => body.remove()));
  await Promise.all([...uploads.values()].map(({ body }) => body.drop()));
}

async function serve(running: Running, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", running.cloud.origin());
  const entry = logged(running, request, url);
  response.setHeader("date", new Date(running.cloud.now()).toUTCString());
  response.once("close", () => (entry.status = response.statusCode));
  request.on("error", () => {});
  response.on("error", () => {});
  const fault = running.faults.next(entry);
  if (fault !== undefined) {
    if (failAtOnce(fault, request, response)) return;
    breakAnswer(fault, response);
  }
  try {
    await route(running.cloud, { request, response, url, entry });
  } catch (error) {
    if (response.headersSent || request.socket.destroyed) return void response.destroy();
    // The server closes the connection. Otherwise it would take the unread rest of the body for the next request.
    if (!request.complete) response.setHeader("connection", "close");
    answerRefusal(response, error);
    request.resume();
  }
}

function logged({ requests }: Running, request: IncomingMessage, url: URL): FakeRequest {
  const entry: FakeRequest = {
    method: request.method ?? "",
    path: decoded(url.pathname),
    query: Object.fromEntries(url.searchParams),
    headers: request.headers,
    fields: {},
    status: undefined,
  };
  requests.push(entry);
  return entry;
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

interface Routed {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly entry: FakeRequest;
}

const ADMIN: ReadonlySet<string> = new Set(["ping", "usage", "resources"]);

async function route(cloud: Cloud, { request, response, url, entry }: Routed): Promise<void> {
  const { method = "" } = request;
  const [version, name, resourceType = "", action = "", ...more] = url.pathname.slice(1).split("/");
  if (version !== "v1_1") {
    assertCloud(cloud, version);
    if (method !== "GET" && method !== "HEAD") throw new Refusal(405, "Method Not Allowed");
    return await deliver(cloud, request, response, url.pathname);
  }
  assertCloud(cloud, name);
  if (ADMIN.has(resourceType)) {
    const path = [resourceType, action, ...more].map(decodeURIComponent);
    const { content, headers } = await callAdminApi(cloud, request, path, url.searchParams);
    return answerJson(response, 200, content, headers);
  }
  const fields = Object.fromEntries(url.searchParams);
  if (method === "GET" && action === "download") {
    return await download(cloud, request, response, { resourceType, fields });
  }
  if (method !== "POST" && method !== "PUT") throw new Refusal(405, "Method Not Allowed");
  const onFields = (known: FakeRequest["fields"]): void => void (entry.fields = known);
  const call = { resourceType, action, request, query: fields, onFields };
  answerJson(response, 200, await callUploadApi(cloud, call));
}

function assertCloud({ name }: Cloud, given: string | undefined): void {
  if (given !== name) throw new Refusal(401, `Invalid cloud_name ${given}`);
}

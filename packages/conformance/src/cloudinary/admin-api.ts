import type { IncomingMessage } from "node:http";
import { deliveryType } from "./store-upload.js";
import { isThere, type Asset } from "./assets.js";
import { assertBasic } from "./authenticate.js";
import type { Cloud } from "./cloud.js";
import { addField } from "./multipart.js";
import { Refusal, notFound } from "./refusal.js";
import { describe } from "./upload-api.js";
import { type DeliveryType, RESOURCE_TYPES, type ResourceType } from "./kinds.js";

export interface AdminAnswer {
  readonly content: Record<string, unknown>;
  readonly headers: Record<string, string>;
}

const HOUR_MS = 3_600_000;
const PAGE_MAX = 500;
const PAGE_DEFAULT = 10;

/**
 * Answers a call of the Admin API, and counts it against the limit of calls.
 *
 * @param path - The segments of the URL's path that come after the account, decoded.
 */
export async function callAdminApi(
  cloud: Cloud,
  request: IncomingMessage,
  path: readonly string[],
  query: URLSearchParams,
): Promise<AdminAnswer> {
  assertBasic(cloud, request.headers.authorization);
  const headers = countCall(cloud);
  return { content: await adminContent(cloud, request, path, query), headers };
}

function countCall({ adminCalls, limits, now }: Cloud): Record<string, string> {
  const since = now() - HOUR_MS;
  while ((adminCalls[0] ?? since) < since) adminCalls.shift();
  const reset = new Date((adminCalls[0] ?? now()) + HOUR_MS);
  const most = limits.adminCallsPerHour;
  if (adminCalls.length >= most) {
    const when = reset
      .toISOString()
      .replace("T", " ")
      .replace(/\.\d+Z$/, " UTC");
    throw new Refusal(
      420,
      `Rate Limit Exceeded. Limit of ${most} api operations reached. Try again on ${when}`,
      limitHeaders(most, 0, reset),
    );
  }
  adminCalls.push(now());
  return limitHeaders(most, most - adminCalls.length, reset);
}

function limitHeaders(most: number, remaining: number, reset: Date): Record<string, string> {
  return {
    "x-featureratelimit-limit": String(most),
    "x-featureratelimit-remaining": String(remaining),
    "x-featureratelimit-reset": reset.toUTCString(),
  };
}

async function adminContent(
  cloud: Cloud,
  request: IncomingMessage,
  [verb, resourceType, type, ...id]: readonly string[],
  query: URLSearchParams,
): Promise<Record<string, unknown>> {
  if (verb === "ping") return { status: "ok" };
  if (verb === "usage") return { plan: "Free", media_limits: mediaLimits(cloud) };
  if (verb !== "resources" || !RESOURCE_TYPES.includes(resourceType as ResourceType)) {
    throw new Refusal(404, `Unknown path ${[verb, resourceType].join("/")}`);
  }
  const kind = { resourceType: resourceType as ResourceType, type: deliveryType(type) };
  if (request.method === "DELETE") return await deleteResources(cloud, kind, request);
  if (id.length > 0) return resource(cloud, kind, id.join("/"));
  return resources(cloud, kind, query);
}

function mediaLimits({ limits }: Cloud): Record<string, number> {
  return {
    image_max_size_bytes: limits.imageBytesMax,
    video_max_size_bytes: limits.videoBytesMax,
    raw_max_size_bytes: limits.rawBytesMax,
  };
}

interface Kind {
  readonly resourceType: ResourceType;
  readonly type: DeliveryType;
}

function resource(cloud: Cloud, kind: Kind, publicId: string): Record<string, unknown> {
  const asset = cloud.assets.find({ ...kind, publicId });
  if (asset === undefined) throw notFound(publicId);
  return describe(cloud, asset);
}

/** Lists assets. With a prefix, they are in the order of their ids. Without a prefix, the newest asset comes first. */
function resources(cloud: Cloud, kind: Kind, query: URLSearchParams): Record<string, unknown> {
  const limit = Number(query.get("max_results") ?? PAGE_DEFAULT);
  if (!(limit >= 1 && limit <= PAGE_MAX)) throw new Refusal(400, `Invalid value ${limit} for max_results`);
  const prefix = query.get("prefix") ?? "";
  const order = prefix === "" ? newestFirst : byId;
  const after = positionIn(query.get("next_cursor"));
  const all = cloud.assets
    .all()
    .filter(
      ({ resourceType, type, publicId }) =>
        resourceType === kind.resourceType && type === kind.type && publicId.startsWith(prefix),
    )
    .filter((asset) => after === undefined || order(asset, after) > 0)
    .toSorted(order);
  const page = all.slice(0, limit);
  const last = page.at(-1);
  const fields = query.getAll("fields");
  const context = query.get("context") === "true";
  return {
    resources: page.map((asset) => listed(describe(cloud, asset), fields, context)),
    ...(all.length > limit && last !== undefined && { next_cursor: cursorOf(last) }),
  };
}

/** Returns the fields of an asset in a listing. They include the ETag only if `fields` names it. */
function listed(
  { context, ...facts }: Record<string, unknown>,
  fields: readonly string[],
  withContext: boolean,
): Record<string, unknown> {
  const all = withContext && context !== undefined ? { ...facts, context } : facts;
  const names = new Set(["public_id", "asset_id", ...fields]);
  return Object.fromEntries(
    Object.entries(all).filter(([name]) => (fields.length === 0 ? name !== "etag" : names.has(name))),
  );
}

type Position = Pick<Asset, "publicId" | "createdAt">;

function byId(left: Position, right: Position): number {
  return Buffer.compare(Buffer.from(left.publicId), Buffer.from(right.publicId));
}

function newestFirst(left: Position, right: Position): number {
  return right.createdAt - left.createdAt || byId(left, right);
}

function cursorOf({ publicId, createdAt }: Position): string {
  return Buffer.from(JSON.stringify([publicId, createdAt])).toString("base64url");
}

/**
 * Returns the position in a cursor. The position lies between two assets, so it stays valid even if these assets are deleted.
 */
function positionIn(cursor: string | null): Position | undefined {
  if (cursor === null) return undefined;
  try {
    const [publicId, createdAt] = JSON.parse(Buffer.from(cursor, "base64url").toString()) as [string, number];
    return { publicId, createdAt };
  } catch {
    throw new Refusal(400, "Invalid cursor");
  }
}

const DELETED_MAX = 100;

async function deleteResources(
  cloud: Cloud,
  kind: Kind,
  request: IncomingMessage,
): Promise<Record<string, unknown>> {
  const ids = await idsIn(request);
  if (ids.length > DELETED_MAX) throw new Refusal(400, `At most ${DELETED_MAX} public_ids`);
  const deleted = ids.map((publicId) => {
    const asset = cloud.assets.find({ ...kind, publicId });
    if (!isThere(asset)) return [publicId, "not_found"];
    cloud.cdn.invalidate(asset);
    cloud.assets.remove(asset);
    return [publicId, "deleted"];
  });
  return { deleted: Object.fromEntries(deleted) as object, partial: false };
}

async function idsIn(request: IncomingMessage): Promise<readonly string[]> {
  const chunks: Buffer[] = [];
  for await (const bytes of request as AsyncIterable<Buffer>) chunks.push(bytes);
  const fields: Record<string, string | string[]> = {};
  for (const [name, value] of new URLSearchParams(Buffer.concat(chunks).toString())) {
    addField(fields, name, value);
  }
  const ids = fields["public_ids"] ?? [];
  return Array.isArray(ids) ? ids : [ids];
}

import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { isThere, type Asset, type AssetPlace } from "./assets.js";
import { assertFresh, assertSignature } from "./authenticate.js";
import type { Cloud } from "./cloud.js";
import { Refusal, notFound } from "./refusal.js";
import { deliverySignatures, isSame, type Fields } from "./signature.js";
import { deliveryType } from "./store-upload.js";
import { assertKnown, required, textOf } from "./upload-fields.js";
import { DELIVERY_TYPES, type DeliveryType, RESOURCE_TYPES, type ResourceType } from "./kinds.js";

/** The parts of a delivery URL. */
interface Delivery extends AssetPlace {
  readonly signature: string | undefined;
  readonly transformation: string | undefined;
  /** The part of the path that a signature covers. */
  readonly signed: string;
}

const MONTH_SECONDS = 2_592_000;

/**
 * Delivers an asset: the CDN's copy if the CDN has a copy, and the stored asset otherwise.
 *
 * @param path - The path from the request, still encoded.
 */
export async function deliver(
  cloud: Cloud,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
): Promise<void> {
  const delivery = parseDelivery(path);
  if (delivery === undefined) throw new Refusal(404, "Resource not found");
  assertAllowed(cloud, delivery);
  const cached = cloud.cdn.find(path);
  const asset = cached ?? cloud.assets.find(withoutFormat(delivery));
  if (cached === undefined && !isThere(asset)) throw notFound(delivery.publicId);
  if (asset === undefined) return;
  const shown = asset.format ?? asset.publicId.split(".").at(-1) ?? "";
  if (cloud.limits.undeliveredFormats.includes(shown)) throw new Refusal(401, "deny or ACL failure");
  cloud.cdn.keep(path, asset);
  const { body, version } = asset;
  await sendBody(request, response, body, {
    "content-type": "application/octet-stream",
    etag: `"${body.md5}"`,
    "last-modified": new Date(version * 1000).toUTCString(),
    "cache-control": `public, no-transform, immutable, max-age=${MONTH_SECONDS}`,
    "accept-ranges": "bytes",
    ...(delivery.transformation !== undefined && { "x-fake-transformation": delivery.transformation }),
  });
}

/** Parses a path `/<cloud>/<resource type>/<type>/[s--signature--/][transformation/][v1/]<public id>[.<format>]`. */
function parseDelivery(path: string): Delivery | undefined {
  const [, , resourceType, type, ...rest] = path.split("/");
  if (!RESOURCE_TYPES.includes(resourceType as ResourceType)) return undefined;
  if (!DELIVERY_TYPES.includes(type as DeliveryType)) return undefined;
  const signature = /^s--(.+)--$/.exec(rest[0] ?? "")?.[1];
  if (signature !== undefined) rest.shift();
  const transformations: string[] = [];
  while (rest.length > 1 && isTransformation(rest[0] ?? "")) transformations.push(rest.shift() ?? "");
  if (/^v\d+$/.test(rest[0] ?? "") && rest.length > 1) rest.shift();
  const file = rest.join("/");
  const transformation = transformations.length === 0 ? undefined : transformations.join("/");
  return {
    resourceType: resourceType as ResourceType,
    type: type as DeliveryType,
    publicId: decodeURIComponent(file),
    signature,
    transformation,
    signed: [...transformations, file].join("/"),
  };
}

const PARAMETERS =
  "a ac af ar b bo br c co cs d dl dn dpr du e eo f fl fn fps g h if ki l o p pg q r so sp t u vc vs w x y z".split(
    " ",
  );

function isTransformation(segment: string): boolean {
  return segment.split(",").every((part) => PARAMETERS.some((name) => part.startsWith(`${name}_`)));
}

/**
 * Returns the place of the delivered asset. For an image or a video, the extension is the requested format, so the extension is
 * cut off.
 */
function withoutFormat({ resourceType, type, publicId }: Delivery): AssetPlace {
  const stem = resourceType === "raw" ? publicId : publicId.replace(/\.[^./]+$/, "");
  return { resourceType, type, publicId: stem };
}

function assertAllowed({ apiSecret }: Cloud, { type, signature, signed, transformation }: Delivery): void {
  if (signature !== undefined) {
    if (deliverySignatures(signed, apiSecret).some((right) => isSame(right, signature))) return;
    throw new Refusal(401, "Invalid signature");
  }
  // Derived versions of a private asset are public.
  if (type === "upload" || (type === "private" && transformation !== undefined)) return;
  throw new Refusal(401, "deny or ACL failure");
}

/**
 * Answers a call of the download endpoint. The call has a signed query. The answer is the stored asset, not the CDN's
 * copy.
 */
export async function download(
  cloud: Cloud,
  request: IncomingMessage,
  response: ServerResponse,
  { resourceType, fields }: { readonly resourceType: string; readonly fields: Fields },
): Promise<void> {
  assertKnown("download", fields);
  assertSignature(cloud, fields);
  const expiresAt = textOf(fields, "expires_at");
  // An `expires_at` in the query replaces the usual hour for which a signature is valid.
  if (expiresAt === undefined) assertFresh(cloud, Number(fields["timestamp"]));
  else if (Number(expiresAt) * 1000 <= cloud.now()) throw new Refusal(401, "The URL has expired");
  const publicId = required(fields, "public_id");
  const type = deliveryType(textOf(fields, "type"));
  const asset = cloud.assets.find({ resourceType: resourceType as ResourceType, type, publicId });
  if (!isThere(asset)) throw notFound(publicId);
  const format = textOf(fields, "format");
  if (format !== undefined && format !== asset.format) throw new Refusal(400, `Cannot convert to ${format}`);
  const { body } = asset;
  const attachment = textOf(fields, "attachment") === "true";
  await sendBody(
    cloud.rangedDownloads ? request : undefined,
    response,
    body,
    {
      "content-type": "application/octet-stream",
      ...(attachment && { "content-disposition": "attachment" }),
    },
    request.method,
  );
}

async function sendBody(
  request: IncomingMessage | undefined,
  response: ServerResponse,
  { size, read }: Asset["body"],
  headers: Readonly<Record<string, string>>,
  method: string | undefined = request?.method,
): Promise<void> {
  const range = rangeOf(request?.headers.range, size);
  if (range === "unsatisfiable") {
    response.writeHead(416, { "content-range": `bytes */${size}`, "content-length": 0 }).end();
    return;
  }
  const { offset, length } = range ?? { offset: 0, length: size };
  response.writeHead(range === undefined ? 200 : 206, {
    ...headers,
    "content-length": length,
    ...(range !== undefined && { "content-range": `bytes ${offset}-${offset + length - 1}/${size}` }),
  });
  if (method === "HEAD") response.end();
  else await pipeline(read(offset, length), response);
}

function rangeOf(
  header: string | undefined,
  size: number,
): { readonly offset: number; readonly length: number } | "unsatisfiable" | undefined {
  const found = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  if (found === null) return undefined;
  const [, first = "", last = ""] = found;
  const offset = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size : Math.min(size, Number(last) + 1);
  return offset >= size || end <= offset ? "unsatisfiable" : { offset, length: end - offset };
}

import type { IncomingMessage } from "node:http";
import { createHash } from "node:crypto";
import { describeAsset, isThere, assertPublicId, type Asset } from "./assets.js";
import { assertSigned } from "./authenticate.js";
import { writeBody, type BodyWriter, type StoredBody } from "./bodies.js";
import { chunkOf, endChunk, receiveChunk, type Chunk, type ChunkTarget } from "./chunks.js";
import type { Cloud } from "./cloud.js";
import { fetchFile } from "./fetch-file.js";
import { readForm, type FileSink } from "./multipart.js";
import { Refusal, notFound } from "./refusal.js";
import type { Fields } from "./signature.js";
import { deliveryType, placeOf, storeUpload } from "./store-upload.js";
import { assertKnown, contextOf, flagOf, required, textOf } from "./upload-fields.js";
import type { ResourceType } from "./kinds.js";

/** A call of the Upload API. */
export interface UploadCall {
  readonly resourceType: string;
  readonly action: string;
  readonly request: IncomingMessage;
  readonly query: Record<string, string>;
  /** Receives the fields as soon as they are known. */
  readonly onFields: (fields: Fields) => void;
}

/** Carries out a call of the Upload API. @returns The content of the answer, which has the status 200. */
export async function callUploadApi(cloud: Cloud, call: UploadCall): Promise<Record<string, unknown>> {
  if (call.action === "upload") return await upload(cloud, call);
  const { fields } = await readForm(call.request, boundaryOf(call.request), () => {
    throw new Refusal(400, "This call does not accept a file");
  });
  call.onFields(fields);
  assertCall(cloud, call, fields);
  const resourceType = call.resourceType as ResourceType;
  if (call.action === "explicit") return explicit(cloud, resourceType, fields);
  if (call.action === "destroy") return await destroy(cloud, resourceType, fields);
  if (call.action === "rename") return rename(cloud, resourceType, fields);
  throw new Refusal(404, `Unknown action ${call.action}`);
}

function assertCall(cloud: Cloud, { request, action, onFields }: UploadCall, fields: Fields): void {
  onFields(fields);
  assertKnown(action, fields);
  assertSigned(cloud, fields, request.headers.authorization);
}

function boundaryOf({ headers }: IncomingMessage): string {
  const found = /^multipart\/form-data;\s*boundary="?([^";]*)"?$/.exec(headers["content-type"] ?? "");
  if (found === null) throw new Refusal(400, "Expected multipart/form-data");
  return found[1] ?? "";
}

/** A file, or a chunk of a file, that is being received. */
interface Receiving {
  readonly sink: FileSink;
  /** Ends the file or the chunk. @returns The whole file, or `undefined` if more chunks have to come. */
  readonly end: () => Promise<StoredBody | undefined>;
  readonly drop: () => Promise<void>;
}

async function upload(cloud: Cloud, call: UploadCall): Promise<Record<string, unknown>> {
  const { request, query } = call;
  const chunk = chunkOf(request.headers);
  if (Number(request.headers["content-length"] ?? 0) > cloud.limits.requestBytesMax) throw tooLarge();
  let receiving: Receiving | undefined;
  const receive = (fields: Fields, filename?: string): FileSink => {
    assertCall(cloud, call, fields);
    receiving = chunk === undefined ? wholeFile(cloud) : oneChunk(cloud, chunk, call, fields, filename);
    return limited(receiving.sink, cloud.limits.requestBytesMax);
  };
  try {
    const { fields, filename } =
      request.method === "PUT"
        ? await readPut(request, query, receive)
        : await readForm(request, boundaryOf(request), (known) => receive(known));
    if (request.method !== "PUT") assertCall(cloud, call, fields);
    const place = placeOf(fields, call.resourceType, filename);
    const body = await (receiving === undefined ? fetched(cloud, fields) : receiving.end());
    if (body === undefined) return partAnswer(cloud, call, chunk, place.publicId);
    const { asset, existing } = storeUpload(cloud, place, fields, body);
    if (chunk !== undefined) cloud.uploads.delete(chunk.uploadId);
    const more = {
      existing,
      original_filename: filename ?? "file",
      ...(chunk !== undefined && { done: true }),
    };
    return { ...signedAnswer(cloud, asset), ...more };
  } catch (error) {
    await receiving?.drop();
    throw error;
  }
}

async function readPut(
  request: IncomingMessage,
  fields: Record<string, string>,
  receive: (fields: Fields) => FileSink,
): Promise<{ fields: Fields; filename: undefined }> {
  const sink = receive(fields);
  for await (const bytes of request as AsyncIterable<Buffer>) await sink.write(bytes);
  return { fields, filename: undefined };
}

function wholeFile({ directory }: Cloud): Receiving {
  const body: BodyWriter = writeBody(directory);
  return { sink: body, end: () => body.end(), drop: () => body.drop() };
}

function oneChunk(
  cloud: Cloud,
  chunk: Chunk,
  call: UploadCall,
  fields: Fields,
  filename: string | undefined,
): Receiving {
  const { resourceType, type, publicId } = placeOf(fields, call.resourceType, filename);
  const place = `${resourceType}/${type}/${publicId}`;
  const target: ChunkTarget = receiveChunk(cloud, chunk, { place, fields });
  return {
    sink: target.body,
    end: async () => ((await endChunk(cloud, chunk, target)) ? await target.upload.body.end() : undefined),
    drop: async () => {
      if (!target.isAgain && target.upload.body.size() > chunk.start) {
        await target.upload.body.truncate(chunk.start);
      }
    },
  };
}

function limited(sink: FileSink, most: number): FileSink {
  let size = 0;
  return {
    write: (bytes) => {
      size += bytes.byteLength;
      if (size > most) throw tooLarge();
      return sink.write(bytes);
    },
  };
}

function tooLarge(): Refusal {
  return new Refusal(413, "Request Entity Too Large");
}

async function fetched(cloud: Cloud, fields: Fields): Promise<StoredBody> {
  return await fetchFile(cloud, required(fields, "file"));
}

function partAnswer(
  { uploads }: Cloud,
  { resourceType }: UploadCall,
  chunk: Chunk | undefined,
  publicId: string,
): Record<string, unknown> {
  const bytes = uploads.get(chunk?.uploadId ?? "")?.body.size() ?? 0;
  return { done: false, bytes, kind: "upload", resource_type: resourceType, public_id: publicId };
}

/** Returns the answer to an upload. Cloudinary signs it, always with the first version of signatures. */
function signedAnswer(cloud: Cloud, asset: Asset): Record<string, unknown> {
  const signature = createHash("sha1")
    .update(`public_id=${asset.publicId}&version=${asset.version}${cloud.apiSecret}`)
    .digest("hex");
  return { ...describe(cloud, asset), signature, api_key: cloud.apiKey };
}

export function describe(cloud: Cloud, asset: Asset): Record<string, unknown> {
  return describeAsset(asset, {
    cloudName: cloud.name,
    origin: cloud.origin(),
    folders: cloud.folders,
  });
}

function explicit(cloud: Cloud, resourceType: ResourceType, fields: Fields): Record<string, unknown> {
  const type = deliveryType(required(fields, "type"));
  const publicId = required(fields, "public_id");
  const asset = cloud.assets.find({ resourceType, type, publicId });
  if (asset === undefined) throw notFound(publicId);
  const context = textOf(fields, "context");
  return signedAnswer(
    cloud,
    context === undefined ? asset : cloud.assets.save({ ...asset, context: contextOf(context) }),
  );
}

async function destroy(
  cloud: Cloud,
  resourceType: ResourceType,
  fields: Fields,
): Promise<Record<string, unknown>> {
  const place = {
    resourceType,
    type: deliveryType(textOf(fields, "type")),
    publicId: required(fields, "public_id"),
  };
  const asset = cloud.assets.find(place);
  if (!isThere(asset)) return { result: "not found" };
  if (flagOf(fields, "invalidate") === true) cloud.cdn.invalidate(asset);
  cloud.assets.remove(place);
  return { result: "ok" };
}

function rename(cloud: Cloud, resourceType: ResourceType, fields: Fields): Record<string, unknown> {
  const type = deliveryType(textOf(fields, "type"));
  const [from, to] = [required(fields, "from_public_id"), required(fields, "to_public_id")];
  assertPublicId(to);
  const asset = cloud.assets.find({ resourceType, type, publicId: from });
  if (!isThere(asset)) throw notFound(from);
  const target = { resourceType, type: deliveryType(textOf(fields, "to_type") ?? type), publicId: to };
  if (isThere(cloud.assets.find(target)) && flagOf(fields, "overwrite") !== true) {
    throw new Refusal(400, `to_public_id(${to}) already exists`);
  }
  if (flagOf(fields, "invalidate") === true) cloud.cdn.invalidate(asset);
  cloud.assets.remove(asset);
  const { assetId: _before, ...rest } = asset;
  const { context: _unasked, ...facts } = describe(cloud, cloud.assets.save({ ...rest, ...target }));
  return facts;
}

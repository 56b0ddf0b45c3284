import {
  CloudinaryFailureError,
  type ChunkPlace,
  type ClientCall,
  type CloudinaryClient,
} from "../client.js";
import type { Settings } from "../cloudinary-options.js";
import type { ResourceType } from "../mapping.js";
import { readAnswer } from "./answer.js";
import { toAsset, toUploadAnswer } from "./assets.js";
import type { Exchange, Wire } from "./exchange.js";
import { encodeForm } from "./form.js";
import { apiUrl, signed, type Params } from "./signing.js";

/** The settings and the connections that the calls of one client share. */
export interface Caller {
  readonly settings: Settings;
  readonly wire: Wire;
}

type Verb = "upload" | "explicit" | "destroy" | "rename";

/** Returns the calls that Cloudinary does not count against a limit. */
export function uploadApi(caller: Caller): Pick<CloudinaryClient, Verb> {
  const { settings } = caller;
  const { deliveryType: type } = settings;
  return {
    upload: async ({ resourceType, publicId, context, overwrite, ...rest }, call) => {
      const params = uploadParams(settings, publicId, context, overwrite);
      return toUploadAnswer(
        await callUploadApi(caller, { resourceType, action: "upload", params, ...rest }, call),
      );
    },
    explicit: async ({ resourceType, publicId }, call) => {
      const params = { public_id: publicId, type };
      return toAsset(await callUploadApi(caller, { resourceType, action: "explicit", params }, call));
    },
    destroy: async ({ resourceType, publicId }, call) => {
      const params = { public_id: publicId, type, invalidate: "true" };
      return (
        (await callUploadApi(caller, { resourceType, action: "destroy", params }, call))["result"] === "ok"
      );
    },
    rename: async ({ resourceType, from, to, overwrite }, call) => {
      const names = { from_public_id: from, to_public_id: to };
      const params = { ...names, type, overwrite: String(overwrite), invalidate: "true" };
      return toAsset(await callUploadApi(caller, { resourceType, action: "rename", params }, call));
    },
  };
}

/**
 * Returns the parameters of an upload. The request has no other parameters, because other parameters could change the
 * stored bytes.
 */
export function uploadParams(
  { deliveryType }: Settings,
  publicId: string,
  context: string,
  overwrite: boolean,
): Params {
  return {
    public_id: publicId,
    type: deliveryType,
    overwrite: overwrite ? "1" : "0",
    invalidate: overwrite ? "1" : undefined,
    context,
  };
}

interface UploadApiCall {
  readonly resourceType: ResourceType;
  readonly action: "upload" | "explicit" | "destroy" | "rename";
  readonly params: Params;
  readonly file?: Uint8Array | string | undefined;
  readonly chunk?: ChunkPlace | undefined;
  readonly onSent?: ((bytes: number) => void) | undefined;
  readonly extraMs?: number | undefined;
}

async function callUploadApi(
  caller: Caller,
  request: UploadApiCall,
  { signal, beforeCommit }: ClientCall,
): Promise<Record<string, unknown>> {
  const { settings, wire } = caller;
  const { resourceType, action, params, file, chunk, onSent, extraMs } = request;
  const url = apiUrl(settings, resourceType, action);
  return await inTime(async () => {
    const fields = signed(settings, { ...params, timestamp: String(nowSeconds(caller)) });
    const isUrl = typeof file === "string";
    const form = encodeForm(isUrl ? { ...fields, file } : fields, isUrl ? undefined : file);
    const size = isUrl || file === undefined ? 0 : file.byteLength;
    const exchange: Exchange = {
      method: "POST",
      url,
      headers: { "content-type": form.contentType, ...chunkHeaders(chunk, size) },
      body: form.pieces,
      onSent: onSent && ((sent) => onSent(Math.min(size, Math.max(0, sent - form.before)))),
      signal,
      beforeCommit,
      extraMs,
    };
    return await readAnswer(await wire.send(exchange), signal);
  });
}

/** @see https://cloudinary.com/documentation/upload_images#chunked_asset_upload */
function chunkHeaders(chunk: ChunkPlace | undefined, size: number): Record<string, string> {
  if (chunk === undefined) return {};
  const { uploadId, offset, total } = chunk;
  return {
    "x-unique-upload-id": uploadId,
    "content-range": `bytes ${offset}-${offset + size - 1}/${total ?? -1}`,
  };
}

/**
 * Runs a function that signs and sends a request. If the answer says that this machine's clock is wrong, runs the
 * function once more, because that answer also contains the right time.
 */
async function inTime<T>(send: () => Promise<T>): Promise<T> {
  try {
    return await send();
  } catch (error) {
    const isStale =
      error instanceof CloudinaryFailureError && error.failure.message.startsWith("Stale request");
    if (!isStale) throw error;
    return await send();
  }
}

export function nowSeconds({ wire }: Caller): number {
  return Math.floor((Date.now() + wire.clockOffsetMs()) / 1000);
}

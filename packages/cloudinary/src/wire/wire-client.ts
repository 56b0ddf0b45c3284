import type { ClientCall, CloudinaryClient } from "../client.js";
import type { Settings } from "../cloudinary-options.js";
import { readAnswer, readRefusal } from "./answer.js";
import { toAsset } from "./assets.js";
import { createWire } from "./exchange.js";
import { apiUrl, deliveryUrl, queryOf, signed } from "./signing.js";
import { nowSeconds, uploadApi, uploadParams, type Caller } from "./upload-api.js";

/** Returns a client that sends its own requests to Cloudinary. The client uses the SDK only to make URLs of the CDN. */
export function wireClient(settings: Settings): CloudinaryClient {
  const wire = createWire(settings, settings.uploadPrefix);
  const caller: Caller = { settings, wire };
  const { deliveryType: type } = settings;
  return {
    ...uploadApi(caller),
    resources: async ({ resourceType, prefix, limit, cursor }, call) => {
      const page = { prefix, max_results: String(limit), context: "true", next_cursor: cursor };
      const query = `${queryOf(page)}${LISTED.map((field) => `&fields=${field}`).join("")}`;
      const answer = await callAdminApi(caller, `resources/${resourceType}/${type}?${query}`, call);
      const { resources = [], next_cursor } = answer as {
        readonly resources?: readonly Record<string, unknown>[];
        readonly next_cursor?: string;
      };
      return { assets: resources.map(toAsset), cursor: next_cursor };
    },
    downloadUrl: async ({ resourceType, publicId }, { signedAt, expiresAt, attachment }) => {
      const params = {
        timestamp: String(signedAt ?? nowSeconds(caller)),
        public_id: publicId,
        type,
        attachment: attachment === true ? "true" : undefined,
        expires_at: String(expiresAt),
      };
      return `${apiUrl(settings, resourceType, "download")}?${queryOf(signed(settings, params))}`;
    },
    deliveryUrl: (place, request) => deliveryUrl(settings, place, request),
    open: async (url, { range, signal }) => {
      const headers = range === undefined ? {} : { range };
      const answer = await wire.send({ method: "GET", url, headers, signal });
      if (answer.statusCode !== 200 && answer.statusCode !== 206) throw await readRefusal(answer, signal);
      const length = answer.headers["content-length"];
      return {
        status: answer.statusCode,
        etag: answer.headers.etag,
        contentRange: answer.headers["content-range"],
        contentLength: length === undefined ? undefined : Number(length),
        body: answer,
      };
    },
    signUpload: async ({ resourceType, publicId }, { context, overwrite, timestamp }) => {
      const params = uploadParams(settings, publicId, context, overwrite);
      const fields = signed(settings, { ...params, timestamp: String(timestamp) });
      return { url: apiUrl(settings, resourceType, "upload"), fields };
    },
    now: () => nowSeconds(caller),
    idle: wire.idle,
    close: wire.close,
  };
}

/** The fields that a listing requests. The answer contains the ETag only if it is requested. */
const LISTED = ["resource_type", "version", "bytes", "etag", "format", "context", "placeholder"];

async function callAdminApi(
  { settings, wire }: Caller,
  path: string,
  { signal }: ClientCall,
): Promise<Record<string, unknown>> {
  const { uploadPrefix, cloudName, apiKey, apiSecret } = settings;
  const credentials = Buffer.from(`${apiKey}:${apiSecret}`).toString("base64");
  const url = `${uploadPrefix}/v1_1/${encodeURIComponent(cloudName)}/${path}`;
  const headers = { authorization: `Basic ${credentials}` };
  return await readAnswer(await wire.send({ method: "GET", url, headers, signal }), signal);
}

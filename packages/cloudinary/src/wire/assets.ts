import { CloudinaryFailureError, type AssetAnswer, type UploadAnswer } from "../client.js";
import type { ResourceType } from "../mapping.js";

export function toUploadAnswer(answer: Record<string, unknown>): UploadAnswer {
  if (answer["done"] === false) return { asset: undefined, existing: false };
  return { asset: toAsset(answer), existing: answer["existing"] === true };
}

/**
 * Returns the facts of an asset from an answer.
 *
 * @throws CloudinaryFailureError for an answer that is not Cloudinary's.
 */
export function toAsset(answer: Record<string, unknown>): AssetAnswer {
  const { public_id: publicId, resource_type: resourceType, version, bytes, etag, format, context } = answer;
  if (typeof publicId !== "string" || typeof resourceType !== "string" || typeof bytes !== "number") {
    throw new CloudinaryFailureError({ kind: "senseless", status: 200, message: "" });
  }
  const { custom } = Object(context) as { readonly custom?: Record<string, string> };
  return {
    publicId,
    resourceType: resourceType as ResourceType,
    size: bytes,
    version: Number(version),
    md5: typeof etag === "string" ? etag : undefined,
    format: typeof format === "string" ? format : undefined,
    context: custom,
    isPlaceholder: answer["placeholder"] === true,
  };
}

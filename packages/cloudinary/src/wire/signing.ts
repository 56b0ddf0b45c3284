import type { CloudinaryClient } from "../client.js";
import type { Settings } from "../cloudinary-options.js";
import type { AssetPlace, ResourceType } from "../mapping.js";
import { loadSdk } from "../sdk.js";

/** What goes along with a request, as it is signed. */
export type Params = Readonly<Record<string, string | undefined>>;

/** The signature of version 2: no value can pass for a further field. */
export async function signed(
  { apiKey, apiSecret, signatureAlgorithm }: Settings,
  params: Params,
): Promise<Record<string, string>> {
  const { api_sign_request: sign } = await loadSdk();
  const given = Object.fromEntries(
    Object.entries(params).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  return { ...given, signature: sign(given, apiSecret, signatureAlgorithm, 2), api_key: apiKey };
}

export function apiUrl(
  { uploadPrefix, cloudName }: Settings,
  resourceType: ResourceType,
  action: string,
): string {
  return `${uploadPrefix}/v1_1/${encodeURIComponent(cloudName)}/${resourceType}/${action}`;
}

export function queryOf(params: Params): string {
  const given = Object.entries(params).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== "",
  );
  return new URLSearchParams(given).toString();
}

/** By the SDK, below the address that was given for deliveries. */
export async function deliveryUrl(
  { cloudName, apiSecret, deliveryType, deliveryBaseUrl, signatureAlgorithm }: Settings,
  { resourceType, publicId }: AssetPlace,
  {
    version,
    format,
    transformation,
    isSigned = deliveryType !== "upload",
  }: Parameters<CloudinaryClient["deliveryUrl"]>[1],
): Promise<string> {
  const { url } = await loadSdk();
  const host = "delivery.invalid";
  const made = url(publicId, {
    ...transformation,
    cloud_name: cloudName,
    resource_type: resourceType,
    type: deliveryType,
    ...(version !== undefined && { version }),
    ...(format !== undefined && { format }),
    sign_url: isSigned,
    ...(isSigned && { api_secret: apiSecret, signature_algorithm: signatureAlgorithm }),
    private_cdn: true,
    secure: true,
    secure_distribution: host,
    auth_token: false,
    urlAnalytics: false,
  });
  return deliveryBaseUrl + made.slice(`https://${host}`.length);
}

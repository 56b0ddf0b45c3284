import { createHash } from "node:crypto";
import type { CloudinaryClient } from "../client.js";
import type { Settings } from "../cloudinary-options.js";
import type { AssetPlace, ResourceType } from "../mapping.js";
import { loadSdk } from "../sdk.js";

/** The parameters of a request, as they are signed. */
export type Params = Readonly<Record<string, string | undefined>>;

/**
 * Adds the signature to the parameters. Signatures of version 2 escape `&`, so that a value cannot look like a further
 * field. The SDK's own signature is not used: the SDK sorts the names by the rules of the machine's locale, and this
 * order is wrong in some locales.
 *
 * @see https://cloudinary.com/documentation/authentication_signatures
 */
export function signed(
  { apiKey, apiSecret, signatureAlgorithm }: Settings,
  params: Params,
): Record<string, string> {
  const given = givenIn(params).toSorted(([left], [right]) => (left < right ? -1 : 1));
  const text = given.map(([name, value]) => `${name}=${value}`.replaceAll("&", "%26")).join("&");
  const signature = createHash(signatureAlgorithm)
    .update(text + apiSecret)
    .digest("hex");
  return { ...Object.fromEntries(given), signature, api_key: apiKey };
}

export function apiUrl(
  { uploadPrefix, cloudName }: Settings,
  resourceType: ResourceType,
  action: string,
): string {
  return `${uploadPrefix}/v1_1/${encodeURIComponent(cloudName)}/${resourceType}/${action}`;
}

export function queryOf(params: Params): string {
  return new URLSearchParams(givenIn(params)).toString();
}

/** Returns the parameters that have a value. Empty parameters are neither signed nor sent. */
function givenIn(params: Params): [string, string][] {
  return Object.entries(params).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== "",
  );
}

/** Returns a URL of the CDN. The SDK makes the URL, and `deliveryBaseUrl` replaces its beginning. */
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

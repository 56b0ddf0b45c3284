import { decodeKeyPath, encodeKeyPath, type Located } from "@stowage/core/provider";
import type { Settings } from "./cloudinary-options.js";
import { deliveredAs, type AssetPlace, type Mapping, type ResourceType } from "./mapping.js";

/** The functions that turn a key into a ref or a URL, and a ref or a URL back into a key. */
export interface Places {
  readonly ref: (key: string) => string;
  /**
   * Returns a URL below `deliveryBaseUrl` that contains no version. When the object changes, the CDN drops its copies
   * under this URL.
   */
  readonly publicUrl: (key: string) => string;
  readonly locate: (text: string) => Located | undefined;
}

export function createPlaces(settings: Settings, mapping: Mapping): Places {
  const { name: provider, cloudName, deliveryType, deliveryBaseUrl } = settings;
  const start = `cloudinary://${encodeURIComponent(cloudName)}/`;
  const pathOf = ({ resourceType, publicId }: AssetPlace): string =>
    `${resourceType}/${deliveryType}/${encodeKeyPath(publicId)}`;
  const ref = (key: string): string => start + pathOf(mapping.placeOf(key));
  return {
    ref,
    publicUrl: (key) => {
      const place = mapping.placeOf(key);
      const { resourceType, publicId } = place;
      const format = deliveredAs(key, place);
      const file = encodeKeyPath(format === undefined ? publicId : `${publicId}.${format}`);
      return `${deliveryBaseUrl}/${resourceType}/${deliveryType}/v1/${file}`;
    },
    locate: (text) => {
      const path = text.startsWith(start) ? text.slice(start.length) : undefined;
      const place = path === undefined ? placeInUrl(settings, text) : placeInPath(path, deliveryType);
      const key = place && mapping.keyOf(place);
      return key === undefined ? undefined : { key, provider, ref: ref(key) };
    },
  };
}

/** Reads `<resource type>/<type>/<public id>`, the path in a ref. */
function placeInPath(path: string, deliveryType: string): AssetPlace | undefined {
  const [, resourceType, type, rest] = /^(image|video|raw)\/([a-z]+)\/(.+)$/s.exec(path) ?? [];
  const publicId = type === deliveryType && rest !== undefined ? decodeKeyPath(rest) : undefined;
  return publicId === undefined ? undefined : { resourceType: resourceType as ResourceType, publicId };
}

/**
 * Returns the place of the asset that a delivery URL names. Ignores the signature, the transformations, the version,
 * the format and the query of the URL.
 *
 * @see https://cloudinary.com/documentation/transformation_url_structure
 */
function placeInUrl(settings: Settings, text: string): AssetPlace | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const path = pathOfCloud(settings, url);
  const [resourceType, type, ...rest] = path?.split("/") ?? [];
  if (type !== settings.deliveryType || !/^(?:image|video|raw)$/.test(resourceType ?? "")) return undefined;
  const file = withoutParameters(rest, resourceType === "raw").join("/");
  const decoded = decodeKeyPath(file);
  if (decoded === undefined || decoded === "") return undefined;
  const publicId = resourceType === "raw" ? decoded : decoded.replace(/\.[^./]+$/, "");
  return { resourceType: resourceType as ResourceType, publicId };
}

function pathOfCloud(
  { cloudName, deliveryBaseUrl }: Settings,
  { protocol, host, pathname }: URL,
): string | undefined {
  if (protocol !== "https:" && protocol !== "http:") return undefined;
  const base = new URL(deliveryBaseUrl);
  const own = `${base.pathname.replace(/\/$/, "")}/`;
  if (host === base.host && pathname.startsWith(own)) return pathname.slice(own.length);
  const [, cloud] = /^(?:(.+)-)?res(?:-\d)?\.cloudinary\.com$/.exec(host) ?? [];
  if (cloud === cloudName) return pathname.slice(1);
  const shared = `/${encodeURIComponent(cloudName)}/`;
  return /^res(?:-\d)?\.cloudinary\.com$/.test(host) && pathname.startsWith(shared)
    ? pathname.slice(shared.length)
    : undefined;
}

/**
 * Removes the signature, the transformations and the version before a public id. A segment counts as the version only if all
 * segments before it look like transformations. Without a version, the first segments that look like transformations are
 * removed.
 */
function withoutParameters(segments: readonly string[], isRaw: boolean): readonly string[] {
  const unsigned = /^s--[^/]+--$/.test(segments[0] ?? "") ? segments.slice(1) : segments;
  const version = unsigned.findIndex((segment) => /^v\d+$/.test(segment));
  if (version !== -1 && version < unsigned.length - 1 && unsigned.slice(0, version).every(isTransformation)) {
    return unsigned.slice(version + 1);
  }
  // Raw files have no transformations.
  if (isRaw) return unsigned;
  const first = unsigned.findIndex((segment) => !isTransformation(segment));
  return first === -1 ? unsigned.slice(-1) : unsigned.slice(first);
}

/** @see https://cloudinary.com/documentation/transformation_reference */
const PARAMETER =
  /^(?:(?:a|ac|af|ar|b|bo|br|c|co|cs|d|dl|dn|dpr|du|e|eo|f|fl|fn|fps|g|h|if|ki|l|o|p|pg|q|r|so|sp|t|u|vc|vs|w|x|y|z)_.+|\$[a-z0-9]+_.+)$/i;

function isTransformation(segment: string): boolean {
  return (
    decodeKeyPath(segment)
      ?.split(",")
      .every((part) => PARAMETER.test(part)) ?? false
  );
}

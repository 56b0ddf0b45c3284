import { decodeKeyPath, encodeKeyPath, keyProblem, type Located } from "@stowage/core";
import type { Settings } from "./cloudinary-options.js";
import type { AssetPlace, Mapping, ResourceType } from "./mapping.js";

/** Where keys are, as texts. */
export interface Places {
  readonly ref: (key: string) => string;
  /** Below the address of deliveries, of no version: copies of the CDN's under it are dropped when the object changes. */
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
      const { resourceType, publicId } = mapping.placeOf(key);
      const file = encodeKeyPath(publicId) + formatSuffix(key, resourceType);
      return `${deliveryBaseUrl}/${resourceType}/${deliveryType}/v1/${file}`;
    },
    locate: (text) => {
      const path = text.startsWith(start) ? text.slice(start.length) : undefined;
      const place = path === undefined ? placeInUrl(settings, text) : placeInPath(path, deliveryType);
      const key = place && mapping.keyOf(place);
      return key === undefined || keyProblem(key) !== undefined
        ? undefined
        : { key, provider, ref: ref(key) };
    },
  };
}

/** The extension of an image's or video's URL is the format that it is delivered in, and not part of the id. */
function formatSuffix(key: string, resourceType: ResourceType): string {
  if (resourceType === "raw" || key.endsWith(`@cloudinary-${resourceType}`)) return "";
  const extension = /\.[^./]+$/.exec(key)?.[0];
  return extension === undefined ? "" : encodeURIComponent(extension.toLowerCase());
}

/** `<resource type>/<type>/<public id>`, as it is in a ref. */
function placeInPath(path: string, deliveryType: string): AssetPlace | undefined {
  const [, resourceType, type, rest] = /^(image|video|raw)\/([a-z]+)\/(.+)$/s.exec(path) ?? [];
  const publicId = type === deliveryType && rest !== undefined ? decodeKeyPath(rest) : undefined;
  return publicId === undefined ? undefined : { resourceType: resourceType as ResourceType, publicId };
}

/**
 * What a delivery URL is of, whatever it does to it: a signature, transformations and the version are left behind, and
 * so are the format and the query.
 *
 * @see https://cloudinary.com/documentation/transformation_url_structure
 */
function placeInUrl(settings: Settings, text: string): AssetPlace | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const path = pathOfCloud(settings, url);
  const [resourceType, type, ...rest] = path?.split("/") ?? [];
  if (type !== settings.deliveryType || !/^(?:image|video|raw)$/.test(resourceType ?? "")) return undefined;
  const file = withoutParameters(rest).join("/");
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
  if (host === `${cloudName}-res.cloudinary.com`) return pathname.slice(1);
  const shared = `/${encodeURIComponent(cloudName)}/`;
  return host === "res.cloudinary.com" && pathname.startsWith(shared)
    ? pathname.slice(shared.length)
    : undefined;
}

/** What comes before the id. Where there is a version, all before it is; else what looks like a transformation. */
function withoutParameters(segments: readonly string[]): readonly string[] {
  const unsigned = /^s--[^/]+--$/.test(segments[0] ?? "") ? segments.slice(1) : segments;
  const version = unsigned.findIndex((segment) => /^v\d+$/.test(segment));
  if (version !== -1 && version < unsigned.length - 1 && unsigned.slice(0, version).every(isTransformation)) {
    return unsigned.slice(version + 1);
  }
  const first = unsigned.findIndex((segment) => !isTransformation(segment));
  return first === -1 ? unsigned.slice(-1) : unsigned.slice(first);
}

function isTransformation(segment: string): boolean {
  const parts = decodeKeyPath(segment)?.split(",") ?? [];
  return parts.every((part) => /^(?:[a-z]{1,3}_[^_].*|\$[a-z0-9]+_.*|if_.*)$/i.test(part));
}

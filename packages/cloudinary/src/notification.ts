import { types } from "node:util";
import { StorageError, knownNames, type StorageProvider, anyNumber } from "@stowage/core/provider";
import { timingSafeEqual } from "node:crypto";
import { OWN } from "./own-provider.js";
import type { ResourceType } from "./mapping.js";
import { loadSdk } from "./sdk.js";

/** A request from Cloudinary, with the unchanged body. */
export interface NotificationRequest {
  readonly headers: Headers | Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string | Uint8Array;
}

/** The options of {@link parseNotification}. */
export interface NotificationOptions {
  /**
   * The age above which a notification is refused, in seconds.
   *
   * @default 7,200, as in Cloudinary's SDK
   */
  readonly maxAgeSeconds?: number | undefined;
}

/** A notification from Cloudinary. */
export interface CloudinaryNotification {
  /** The type of the event, such as `"upload"`, `"delete"` or `"rename"`. */
  readonly type: string;
  /** The keys that the notification is about. Assets that cannot have a key of this provider are left out. */
  readonly keys: readonly string[];
  readonly sentAt: Date;
  /** The whole content of the body. */
  readonly content: Readonly<Record<string, unknown>>;
}

const MAX_AGE_SECONDS = 7200;

/** The maximum time by which Cloudinary's clock may be ahead of this machine's clock, in seconds. */
const AHEAD_SECONDS = 300;

/**
 * Checks that a notification comes from Cloudinary. Returns the content of the notification.
 *
 * @param provider - The provider as `cloudinary()` returned it. Notifications are signed with its secret.
 * @throws StorageError `Unauthenticated` for a signature that is missing, wrong or too old; `InvalidArgument` for a
 * body that is not JSON.
 * @see https://cloudinary.com/documentation/notification_signatures
 */
export async function parseNotification(
  provider: StorageProvider,
  request: NotificationRequest,
  options: NotificationOptions = {},
): Promise<CloudinaryNotification> {
  knownNames("parseNotification", options, { maxAgeSeconds: true });
  const { maxAgeSeconds = MAX_AGE_SECONDS } = options;
  anyNumber("parseNotification", "maxAgeSeconds", maxAgeSeconds, { above: 0 });
  const { account, keyPrefix } = OWN.require(provider, "parseNotification");
  const refuse = (code: "Unauthenticated" | "InvalidArgument", reason: string): StorageError =>
    new StorageError(code, reason, { operation: "parseEvent", provider: account.name });
  const timestamp = Number(headerOf(request, "x-cld-timestamp") ?? Number.NaN);
  const signature = headerOf(request, "x-cld-signature");
  if (!Number.isFinite(timestamp) || signature === undefined) {
    throw refuse("Unauthenticated", "the notification is not signed");
  }
  if (typeof request.body !== "string" && !types.isUint8Array(request.body)) {
    throw new TypeError(
      "parseNotification: body must be the text or the bytes of the request, not the parsed JSON",
    );
  }
  const body = typeof request.body === "string" ? request.body : Buffer.from(request.body).toString("utf8");
  const { apiSecret, signatureAlgorithm } = account.settings;
  const { webhook_signature: sign } = await loadSdk();
  const right =
    body === ""
      ? ""
      : sign(body, timestamp, { api_secret: apiSecret, signature_algorithm: signatureAlgorithm });
  if (!isSame(right, signature))
    throw refuse(
      "Unauthenticated",
      "the notification's signature is wrong: check that the body is unchanged, and that apiSecret belongs to this account",
    );
  const age = Date.now() / 1000 - timestamp;
  if (age > maxAgeSeconds || age < -AHEAD_SECONDS) {
    throw refuse("Unauthenticated", `the notification is ${Math.round(age)} seconds old`);
  }
  const content = parsed(body);
  if (content === undefined) throw refuse("InvalidArgument", "the notification is not JSON");
  const { notification_type: type } = content;
  const { deliveryType } = account.settings;
  const keys = assetsIn(content)
    .filter(({ delivery }) => delivery === undefined || delivery === deliveryType)
    .map((place) => account.mapping.keyOf(place))
    .filter((key) => key?.startsWith(keyPrefix))
    .map((key) => String(key).slice(keyPrefix.length));
  return {
    type: typeof type === "string" ? type : "",
    keys,
    sentAt: new Date(timestamp * 1000),
    content,
  };
}

interface NamedAsset {
  readonly public_id?: unknown;
  readonly from_public_id?: unknown;
  readonly to_public_id?: unknown;
  readonly type?: unknown;
  readonly resource_type?: unknown;
}

interface Named {
  readonly publicId: string;
  readonly resourceType: ResourceType;
  readonly delivery: unknown;
}

/**
 * Returns the assets that a notification names. A notification about an upload names one asset. A notification about a renaming
 * names the old and the new id. A notification about a deletion has a list.
 */
function assetsIn(content: Readonly<Record<string, unknown>>): readonly Named[] {
  const { resources } = content as { readonly resources?: unknown };
  const all = (Array.isArray(resources) ? resources : [content]) as readonly unknown[];
  return all.flatMap((one) => {
    const {
      public_id: id,
      from_public_id: from,
      to_public_id: to,
      type,
      resource_type,
    } = Object(one) as NamedAsset;
    return [id, from, to]
      .filter((publicId) => typeof publicId === "string")
      .map((publicId) => ({ publicId, resourceType: resource_type as ResourceType, delivery: type }));
  });
}

function headerOf({ headers }: NotificationRequest, name: string): string | undefined {
  if (headers instanceof Headers) return headers.get(name) ?? undefined;
  const found = Object.entries(headers).find(([given]) => given.toLowerCase() === name)?.[1];
  return typeof found === "string" ? found : found?.[0];
}

function isSame(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return left !== "" && a.byteLength === b.byteLength && timingSafeEqual(a, b);
}

function parsed(body: string): Record<string, unknown> | undefined {
  try {
    const content: unknown = JSON.parse(body);
    return typeof content === "object" && content !== null ? (content as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

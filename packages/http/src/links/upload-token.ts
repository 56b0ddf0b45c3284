import { isSame, macOf } from "./mac.js";
import type { SigningKeys } from "./signatures.js";

const SCHEME = "stowage-upload-1";

/** An upload in parts, with its key and its caller. */
export interface BoundUpload {
  readonly uploadId: string;
  readonly key: string;
  /** The text with which the application identifies its user. */
  readonly caller: string;
}

/** Returns an upload id that works only for one object and one caller. */
export function bindUpload([{ id, secret }]: SigningKeys, upload: BoundUpload): string {
  const encoded = Buffer.from(upload.uploadId).toString("base64url");
  return `${id}.${encoded}.${signatureOf(secret, upload)}`;
}

/** Returns the store's own upload id. Returns `undefined` if the given id was made for a different caller or object. */
export function unboundUpload(
  keys: SigningKeys,
  token: string,
  { key, caller }: Omit<BoundUpload, "uploadId">,
): string | undefined {
  const [id, encoded = "", given = "", ...more] = token.split(".");
  const secret = keys.find((each) => each.id === id)?.secret;
  if (secret === undefined || more.length > 0) return undefined;
  const uploadId = Buffer.from(encoded, "base64url").toString();
  return isSame(signatureOf(secret, { uploadId, key, caller }), given) ? uploadId : undefined;
}

function signatureOf(secret: string | Uint8Array, { uploadId, key, caller }: BoundUpload): string {
  return macOf(secret, [SCHEME, uploadId, key, caller]);
}

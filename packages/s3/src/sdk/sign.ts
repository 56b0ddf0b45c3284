import type { GetObjectCommand, PutObjectCommand, UploadPartCommand } from "@aws-sdk/client-s3";
import type { S3Signer, SignedRequest, Signing } from "../server/signer.js";
import type { ObjectFields } from "../server/client.js";
import type { ObjectOptions } from "../server/object-options.js";
import { sdkFields } from "../requests/convert.js";
import { assertKeys, explainUnsent } from "../connection/credentials.js";
import type { Loaded } from "./load.js";
import { formInputs, objectInputs } from "../requests/object-fields.js";
import { sdkPackage } from "./packages.js";

type Command = GetObjectCommand | PutObjectCommand | UploadPartCommand;

/** Makes a signer that uses the SDK's presigners. */
export function sdkSigner(load: () => Promise<Loaded>, Bucket: string, objects: ObjectOptions): S3Signer {
  const { made } = objectInputs(objects);
  return {
    signGet: async ({ key: Key, versionId: VersionId, answer }, signing) => {
      const { sdk, client } = await load();
      const command = new sdk.GetObjectCommand({
        Bucket,
        Key,
        VersionId,
        ResponseContentType: answer.contentType,
        ResponseCacheControl: answer.cacheControl,
        ResponseContentDisposition: answer.contentDisposition,
        ResponseContentEncoding: answer.contentEncoding,
        ResponseContentLanguage: answer.contentLanguage,
      });
      return (await sign(client, command, signing)).url;
    },
    signPut: async ({ key: Key, fields, contentLength, ifNoneMatch }, signing) => {
      const { sdk, client } = await load();
      const input = { Bucket, Key, ContentLength: contentLength, IfNoneMatch: ifNoneMatch };
      return await sign(
        client,
        new sdk.PutObjectCommand({ ...made, ...input, ...sdkFields(fields) }),
        signing,
      );
    },
    signPart: async ({ key: Key, uploadId, partNumber, contentLength }, signing) => {
      const { sdk, client } = await load();
      const part = { UploadId: uploadId, PartNumber: partNumber, ContentLength: contentLength };
      return await sign(client, new sdk.UploadPartCommand({ Bucket, Key, ...part }), signing);
    },
    signPost: async ({ key: Key, fields, maxBytes }, { expiresInSeconds }) => {
      const { client } = await load();
      const { createPresignedPost } = await sdkPackage(
        "@aws-sdk/s3-presigned-post",
        () => import("@aws-sdk/s3-presigned-post"),
      );
      const options = {
        Bucket,
        Key,
        Fields: formFields(fields, objects),
        Conditions: [["content-length-range", 0, maxBytes]] as ["content-length-range", number, number][],
        Expires: expiresInSeconds,
      };
      return await locally(client, () => createPresignedPost(client, options));
    },
    session: async () => {
      const { client } = await load();
      return await locally(client, async () => {
        const keys = await client.config.credentials();
        assertKeys(keys);
        return { credentialsEndAt: keys.expiration, clockOffsetMs: client.config.systemClockOffset };
      });
    },
  };
}

/** Runs a function that uses the credentials, but sends no request to the server. Explains the function's failure. */
async function locally<T>(client: Loaded["client"], make: () => Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (error) {
    throw await explainUnsent(error, client);
  }
}

interface HttpRequest {
  readonly headers: Record<string, string>;
}

/** Headers that say nothing about an object and that change from one version of the SDK to the next. */
const OF_THE_SDK =
  /^(?:x-amz-user-agent|x-amz-checksum-.*|x-amz-sdk-checksum-algorithm|x-amz-checksum-mode|amz-sdk-.*)$/;

/** Headers that the SDK signs only if an option names them. */
const SIGNABLE: ReadonlySet<string> = new Set(["content-type", "cache-control"]);

/**
 * Signs a request, and keeps its headers out of the URL. If the headers were in the URL, Ceph would ignore an access
 * list, and Swift would drop metadata.
 */
async function sign(client: Loaded["client"], command: Command, signing: Signing): Promise<SignedRequest> {
  const { getSignedUrl } = await sdkPackage(
    "@aws-sdk/s3-request-presigner",
    () => import("@aws-sdk/s3-request-presigner"),
  );
  const unhoistableHeaders = new Set<string>();
  const sent: Record<string, string> = {};
  // The SDK adds a content type to parts. If the content type were signed, every client would have to send it.
  const hasType = "ContentType" in command.input;
  const stack = command.middlewareStack as PutObjectCommand["middlewareStack"];
  stack.add(
    (next) => async (args) => {
      const { headers } = args.request as HttpRequest;
      for (const [name, value] of Object.entries(headers)) {
        const lower = name.toLowerCase();
        if (OF_THE_SDK.test(lower) || (lower === "content-type" && !hasType)) delete headers[name];
        else if (lower.startsWith("x-amz-") && lower !== "x-amz-content-sha256")
          unhoistableHeaders.add(lower);
        sent[lower] = value;
      }
      return await next(args);
    },
    { step: "build", priority: "low", name: "stowageHeaders" },
  );
  const url = await locally(client, () =>
    getSignedUrl(client, command as never, {
      expiresIn: signing.expiresInSeconds,
      signingDate: signing.signedAt,
      signableHeaders: new Set(SIGNABLE),
      unhoistableHeaders,
    }),
  );
  return { url, headers: signedOf(url, sent) };
}

/** Returns the headers that the signature covers. Leaves out `host`, because every client sends it. */
function signedOf(url: string, sent: Readonly<Record<string, string>>): Record<string, string> {
  const names = new URL(url).searchParams.get("X-Amz-SignedHeaders")?.split(";") ?? [];
  return Object.fromEntries(names.filter((name) => name !== "host").map((name) => [name, sent[name] ?? ""]));
}

/** Returns the form fields that represent an object's headers. */
function formFields({ metadata, ...headers }: ObjectFields, objects: ObjectOptions): Record<string, string> {
  const fields = {
    "Content-Type": headers.contentType,
    "Content-Encoding": headers.contentEncoding,
    "Content-Language": headers.contentLanguage,
    "Cache-Control": headers.cacheControl,
    "Content-Disposition": headers.contentDisposition,
    ...formInputs(objects),
    ...Object.fromEntries(Object.entries(metadata).map(([name, value]) => [`x-amz-meta-${name}`, value])),
  };
  return Object.fromEntries(
    Object.entries(fields).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

import {
  CreateBucketCommand,
  ListMultipartUploadsCommand,
  PutBucketVersioningCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { createStorage, type FileStorage, type StorageProvider } from "@stowage/core";
import { s3, type DialectName, type S3Options } from "@stowage/s3";
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { S3Server } from "../s3-servers/server.js";
import { wireOfTests } from "./wire.js";

export type ServerKind = "ceph" | "ceph-newest" | "swift";

/** A bucket of its own on a real server, and a folder of its own, for one test. */
export interface Real {
  readonly kind: ServerKind;
  readonly server: S3Server;
  readonly dialect: DialectName;
  readonly bucket: string;
  readonly folder: string;
  /** The SDK itself, as others use it. */
  readonly client: S3Client;
  readonly provider: (options?: Partial<S3Options>) => StorageProvider;
  readonly storage: (options?: Partial<S3Options>) => FileStorage;
  /** Another bucket. */
  readonly addBucket: () => Promise<string>;
  readonly keepVersions: () => Promise<void>;
}

/** One test on a real server. Its title is what must hold. */
export interface RealTest {
  readonly title: string;
  /** Default: all. */
  readonly on?: readonly ServerKind[] | undefined;
  readonly run: (real: Real) => Promise<void>;
}

const OWN_DIALECT: Readonly<Record<ServerKind, DialectName>> = {
  ceph: "ceph",
  "ceph-newest": "ceph",
  swift: "swift",
};

/** Has a provider try single requests again as it does by default, under a storage that tries nothing again. */
export function triesRequests(provider: StorageProvider): StorageProvider {
  const put: StorageProvider["put"] = (key, body, options) =>
    provider.put(key, body, { ...options, tries: undefined });
  return { ...provider, put };
}

/** Runs a test in a bucket of its own; no upload may be left there, and the folder goes. */
export async function withReal(
  kind: ServerKind,
  server: S3Server,
  run: (real: Real) => Promise<void>,
): Promise<void> {
  const { endpoint, credentials } = server;
  const client = new S3Client({ endpoint, credentials, region: "us-east-1", forcePathStyle: true });
  const opened: FileStorage[] = [];
  const addBucket = async (): Promise<string> => {
    const name = `test-${randomUUID()}`;
    await client.send(new CreateBucketCommand({ Bucket: name }));
    return name;
  };
  const bucket = await addBucket();
  const folder = await mkdtemp(join(tmpdir(), "stowage-s3-test-"));
  const dialect = OWN_DIALECT[kind];
  const provider = (options: Partial<S3Options> = {}): StorageProvider =>
    s3({
      bucket,
      endpoint,
      credentials,
      dialect,
      // A client of the application's is always the SDK's.
      ...(options.client === undefined && { wire: wireOfTests() }),
      ...options,
    });
  const storage = (options?: Partial<S3Options>): FileStorage => {
    const made = createStorage(provider(options), { retry: false });
    opened.push(made);
    return made;
  };
  const keepVersions = async (): Promise<void> => {
    const VersioningConfiguration = { Status: "Enabled" } as const;
    await client.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration }));
  };
  try {
    await run({ kind, server, dialect, bucket, folder, client, provider, storage, addBucket, keepVersions });
    await assertNoUploads(client, bucket);
  } finally {
    await Promise.all(opened.map((made) => made.close()));
    client.destroy();
    await rm(folder, { recursive: true, force: true });
  }
}

/** No part may be left on the server when everything has settled. */
export async function assertNoUploads(client: S3Client, bucket: string): Promise<void> {
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
  if (Uploads.length > 0) throw new Error(`${Uploads.length} uploads are left`);
}

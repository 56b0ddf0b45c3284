// The providers and composers that the rules of HTTP are run on.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { cloudinary } from "@stowage/cloudinary";
import { cloudinaryFake } from "@stowage/conformance";
import {
  StorageError,
  createStorage,
  fallback,
  memory,
  memoryJournal,
  mirror,
  type StorageProvider,
} from "@stowage/core";
import { intercept } from "@stowage/core/provider";
import { local, type LocalOptions } from "@stowage/local";
import { s3 } from "@stowage/s3";
import type { S3Server } from "../s3-servers/server.js";
import type { Place } from "./serving.js";

/** A place, opened when its turn comes. */
export interface NamedPlace {
  readonly name: string;
  readonly open: () => Promise<Place>;
}

const BUCKET = "http";

/** Returns every place. @param server - A running Ceph; without it S3 is left out. */
export function places(server: S3Server | undefined): readonly NamedPlace[] {
  const all: NamedPlace[] = [
    { name: "memory", open: async () => ({ provider: memory() }) },
    { name: "local, plain", open: () => onDisk((root) => disk(root, { layout: "plain" })) },
    { name: "local, portable", open: () => onDisk((root) => disk(root, { layout: "portable" })) },
    { name: "Cloudinary's fake", open: onCloudinary },
    {
      name: "a fallback chain without a journal",
      open: () => onDisk((root) => fallback([disk(root, { name: "first" }), disk(root, { name: "second" })])),
    },
    {
      name: "a fallback chain with a journal",
      open: () =>
        onDisk((root) => {
          const members = [disk(root, { name: "first" }), disk(root, { name: "second" })];
          return fallback(members, { journal: memoryJournal() });
        }),
    },
    { name: "a mirror with a dead member", open: withDeadMember },
  ];
  if (server !== undefined) all.push({ name: `S3 on ${server.title}`, open: () => onS3(server) });
  return all;
}

function disk(root: string, options: Partial<LocalOptions>): StorageProvider {
  return local({ root: join(root, options.name ?? "files"), create: true, ...options });
}

async function onDisk(make: (root: string) => StorageProvider): Promise<Place> {
  const root = await mkdtemp(join(tmpdir(), "stowage-http-"));
  return { provider: make(root), close: () => rm(root, { recursive: true, force: true }) };
}

/** The member that is read first is there while objects are put, and dead from then on. */
async function withDeadMember(): Promise<Place> {
  const root = await mkdtemp(join(tmpdir(), "stowage-http-"));
  let isDead = false;
  const first = intercept(disk(root, { name: "first" }), {
    type: "mortal",
    around: async ({ operation, key }, next) => {
      if (!isDead) return await next();
      throw new StorageError("Unavailable", "it is dead", { operation, key, provider: "first" });
    },
  });
  const members = [first, disk(root, { name: "second" })];
  const provider = mirror(members, { journal: memoryJournal(), writes: "primary" });
  return {
    provider,
    filled: async () => {
      const repair = createStorage(provider).startRepair();
      await repair.idle();
      await repair.stop();
      isDead = true;
    },
    close: () => rm(root, { recursive: true, force: true }),
  };
}

async function onCloudinary(): Promise<Place> {
  const fake = await cloudinaryFake();
  const { url, cloudName, apiKey, apiSecret } = fake;
  const provider = cloudinary({
    cloudName,
    apiKey,
    apiSecret,
    uploadPrefix: url,
    deliveryBaseUrl: `${url}/${cloudName}`,
  });
  return { provider, close: () => fake.close() };
}

async function onS3({ endpoint, credentials }: S3Server): Promise<Place> {
  const client = new S3Client({ endpoint, credentials, region: "us-east-1", forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
  client.destroy();
  return { provider: s3({ bucket: BUCKET, endpoint, credentials, dialect: "ceph" }) };
}

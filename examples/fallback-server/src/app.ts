import { cloudinary, type CloudinaryOptions } from "@stowage/cloudinary";
import {
  createStorage,
  fallback,
  type FileStorage,
  type StorageEvent,
  type StorageProvider,
} from "@stowage/core";
import { switchable, type Switchable } from "@stowage/example-tools";
import { local } from "@stowage/local";
import { s3 } from "@stowage/s3";
import { mkdtemp, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** One of the places where the example keeps its objects. */
interface Member extends Switchable {
  /** How many objects it holds; in folders temporary ones too. */
  readonly count: () => Promise<number>;
}

/** The storage of the example, and the switches of its members. */
export interface App {
  readonly storage: FileStorage;
  /** By their names, in the order in which they are tried. */
  readonly members: ReadonlyMap<string, Member>;
  /** The temporary folder that every folder is in. */
  readonly home: string;
}

/** The variables that people have set already. */
export interface Environment {
  readonly CLOUDINARY_URL?: string | undefined;
  readonly AWS_S3_BUCKET?: string | undefined;
  readonly AWS_REGION?: string | undefined;
  /** Of a server that is not Amazon's. */
  readonly AWS_ENDPOINT_URL_S3?: string | undefined;
}

export interface AppOptions {
  readonly onEvent?: ((event: StorageEvent) => void) | undefined;
  /** Takes the place of `CLOUDINARY_URL`. */
  readonly cloudinary?: CloudinaryOptions | undefined;
}

/**
 * A chain of two or three places: an account of Cloudinary where `CLOUDINARY_URL` names one; an S3 bucket where
 * `AWS_S3_BUCKET` does, else a folder that stands for it; and a folder. The credentials of the bucket are found by the
 * AWS SDK, e.g. in `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`.
 */
export async function createApp(environment: Environment, options: AppOptions = {}): Promise<App> {
  const { CLOUDINARY_URL: url } = environment;
  const { onEvent, cloudinary: account = url === undefined ? undefined : { url } } = options;
  const home = await mkdtemp(join(tmpdir(), "stowage-example-"));
  const members = [
    ...(account === undefined ? [] : [counting(() => cloudinary(account))]),
    environment.AWS_S3_BUCKET === undefined ? folder("first", home) : bucket(environment),
    folder("second", home),
  ];
  const chain = fallback(members.map(({ provider }) => provider));
  return {
    storage: createStorage(chain, { onEvent }),
    members: new Map(members.map((member) => [member.provider.name, member])),
    home,
  };
}

function bucket({
  AWS_S3_BUCKET = "",
  AWS_REGION: region,
  AWS_ENDPOINT_URL_S3: endpoint,
}: Environment): Member {
  return counting(() => s3({ bucket: AWS_S3_BUCKET, region, endpoint }));
}

/** Counts by a provider of its own: the other may be closed. */
function counting(open: () => StorageProvider): Member {
  const count = async (): Promise<number> => {
    const provider = open();
    try {
      return (await provider.list({ prefix: "videos/" })).objects.length;
    } finally {
      await provider.close?.();
    }
  };
  return { ...switchable(open()), count };
}

function folder(name: string, home: string): Member {
  const root = join(home, name);
  return { ...switchable(local({ name, root, create: true })), count: () => countFiles(root) };
}

/** What is in a folder besides the provider's own. */
async function countFiles(root: string): Promise<number> {
  const names = await readdir(root).catch(() => []);
  return names.filter((name) => name !== ".stowage").length;
}

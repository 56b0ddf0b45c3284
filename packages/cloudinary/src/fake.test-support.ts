import { cloudinaryFake, type CloudinaryFake, type CloudinaryFakeOptions } from "@stowage/conformance";
import {
  createStorage,
  isStorageError,
  type FileStorage,
  type StorageError,
  type StorageProvider,
} from "@stowage/core";
import { onTestFinished } from "vitest";
import { cloudinary } from "./cloudinary.js";
import type { CloudinaryOptions } from "./cloudinary-options.js";

/** A fake, and the adapter on it. */
export interface Faked {
  readonly fake: CloudinaryFake;
  readonly provider: StorageProvider;
  /** Without retries: each call is one attempt. */
  readonly storage: FileStorage;
  /** With quick retries. */
  readonly retrying: FileStorage;
}

export function optionsFor({ url, cloudName, apiKey, apiSecret }: CloudinaryFake): CloudinaryOptions {
  return { cloudName, apiKey, apiSecret, uploadPrefix: url, deliveryBaseUrl: `${url}/${cloudName}` };
}

/** All of it ends with the test. */
export async function faked(
  options: Partial<CloudinaryOptions> = {},
  fakeOptions: CloudinaryFakeOptions = {},
): Promise<Faked> {
  const fake = await cloudinaryFake(fakeOptions);
  const provider = cloudinary({ ...optionsFor(fake), ...options });
  const storage = createStorage(provider, { retry: false });
  onTestFinished(async () => {
    await storage.close();
    await fake.close();
  });
  return { fake, provider, storage, retrying: createStorage(provider, { retry: { baseMs: 1 } }) };
}

export async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => "resolved",
    (error: unknown) => (isStorageError(error) ? error.code : error),
  );
}

/** The error that a call fails with, which must be one of the storage. */
export async function failed(promise: Promise<unknown>): Promise<StorageError> {
  const error: unknown = await promise.then(
    () => undefined,
    (failure: unknown) => failure,
  );
  if (!isStorageError(error)) throw new Error("it did not fail", { cause: error });
  return error;
}

/** The smallest PNG that there is. */
export const PNG: Buffer = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

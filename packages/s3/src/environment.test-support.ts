import { createStorage } from "@stowage/core";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, vi } from "vitest";
import { s3 } from "./s3.js";
import type { S3Options } from "./s3-options.js";

export const CREDENTIALS: { readonly accessKeyId: string; readonly secretAccessKey: string } = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "secret",
};
/** A server that nothing is known of. */
export const ELSEWHERE: string = "http://minio.example.com:9000";

let folder = "";

/** Has each test of a file begin with an empty environment. */
export function withoutEnvironment(): void {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "stowage-s3-"));
    for (const name of Object.keys(process.env)) if (name.startsWith("AWS_")) vi.stubEnv(name, undefined);
    vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
    files("", "");
  });

  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true, force: true });
  });
}

/** Sets the shared files. The SDK reads a file once: each test has its own. */
export function files(config: string, credentials = ""): void {
  for (const [variable, text] of [
    ["AWS_CONFIG_FILE", config],
    ["AWS_SHARED_CREDENTIALS_FILE", credentials],
  ] as const) {
    const path = join(folder, variable);
    writeFileSync(path, text);
    vi.stubEnv(variable, path);
  }
}

/** Makes a provider that can sign. */
export function made(options: Partial<S3Options> = {}): ReturnType<typeof s3> {
  return s3({ bucket: "videos", credentials: CREDENTIALS, ...options });
}

/** Signs a link. */
export async function signed(options: Partial<S3Options> = {}): Promise<URL> {
  return new URL(await createStorage(made(options)).signedUrl("a.mp4"));
}

/** Signs a link, and returns the region that it is signed for. */
export async function regionSignedFor(options: Partial<S3Options> = {}): Promise<string | undefined> {
  return (await signed(options)).searchParams.get("X-Amz-Credential")?.split("/")[2];
}

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EnvironmentError } from "./environment-error.js";
import { readSettings } from "./settings.js";
import { variableNames, type Environment } from "./variables.js";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "stowage-env-"));
  await writeFile(join(folder, "a-file"), "");
});

afterAll(async () => await rm(folder, { recursive: true }));

const BUCKET = { AWS_S3_BUCKET: "my-uploads", AWS_REGION: "eu-central-1" };
const SECRET = "wJalrXUtnFEMI/K7MDENG bPxRfiCYEXAMPLEKEY";

function problemsOf(env: Environment): readonly string[] {
  try {
    readSettings(env);
    return [];
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    expect(error.message).not.toContain("bPxRfiCYEXAMPLEKEY");
    for (const { variable, example } of error.problems) {
      expect(error.message).toContain(variable);
      expect(example).toMatch(/^[A-Z0-9_]+=.+$/);
    }
    return error.problems.map(({ variable, reason }) => `${variable} ${reason}`);
  }
}

describe("the mode", () => {
  it.each<[Environment, string]>([
    [{ STORAGE_DIR: "/x" }, "local"],
    [{ YTDLP_DOWNLOAD_DIR: "/x" }, "local"],
    [BUCKET, "s3"],
    [{ CLOUDINARY_URL: "cloudinary://key:secret@cloud" }, "cloudinary"],
    [
      { CLOUDINARY_CLOUD_NAME: "cloud", CLOUDINARY_API_KEY: "key", CLOUDINARY_API_SECRET: "secret" },
      "cloudinary",
    ],
    [{ ...BUCKET, STORAGE_DIR: "/x" }, "fallback"],
    [{ ...BUCKET, CLOUDINARY_URL: "cloudinary://key:secret@cloud" }, "fallback"],
    [{ ...BUCKET, STORAGE_DIR: "/x", USE_S3: "true" }, "mirror"],
    [{ STORAGE_DIR: "/x", USE_S3: "false" }, "mirror"],
    [{ ...BUCKET, STORAGE_DIR: "/x", S3_SPLIT_PERCENTAGE: "10" }, "hybrid"],
    [{ ...BUCKET, STORAGE_DIR: "/x", S3_SPLIT_PERCENTAGE: "50", STORAGE_MODE: "local" }, "local"],
    [{ ...BUCKET, STORAGE_DIR: "/x", STORAGE_MODE: "S3" }, "s3"],
  ])("of %o is %s", (env, mode) => {
    expect(readSettings(env).mode).toBe(mode);
  });
});

describe("variables", () => {
  it("may have the names that people have given them", () => {
    const settings = readSettings({
      S3_MEDIA_BUCKET: " media ",
      AWS_DEFAULT_REGION: "us-east-1",
      S3_VIDEO_PREFIX: "videos",
      AWS_S3_BASE_URL: "https://cdn.example.com",
      AWS_ACCESS_KEY_ID: "AKIA",
      AWS_SECRET_ACCESS_KEY: "secret\n",
      DATABASE_URL: "postgres://user:password@host/db",
    });
    expect(settings.s3).toEqual({
      bucket: "media",
      region: "us-east-1",
      endpoint: undefined,
      dialect: undefined,
      keyPrefix: "videos/",
      publicBaseUrl: "https://cdn.example.com",
      credentials: { accessKeyId: "AKIA", secretAccessKey: "secret" },
      isOff: false,
    });
  });

  it("may be empty where they are details", () => {
    const env = { ...BUCKET, AWS_S3_BASE_URL: "", S3_VIDEO_PREFIX: "", AWS_ENDPOINT_URL_S3: "" };
    expect(problemsOf(env)).toEqual([]);
  });
});

describe("the guide", () => {
  it("has every variable, and every name of it", async () => {
    const guide = await readFile(new URL("../../../docs/guide/environment.md", import.meta.url), "utf8");
    for (const name of variableNames()) expect(guide).toContain(`\`${name}\``);
  });
});

describe("an environment that is wrong", () => {
  it.each<[Environment, readonly (string | RegExp)[]]>([
    [{}, [/^STORAGE_DIR is missing: set STORAGE_DIR, AWS_S3_BUCKET/]],
    [{ ...BUCKET, AWS_REGION: undefined }, [/^AWS_REGION is missing: AWS_S3_BUCKET is set/]],
    [
      { STORAGE_MODE: "cloud", STORAGE_DIR: "/x" },
      [/^STORAGE_MODE is "cloud", but must be one of local, s3/],
    ],
    [
      { ...BUCKET, STORAGE_DIR: "/x", STORAGE_MODE: "hybrid", S3_SPLIT_PERCENTAGE: "ten" },
      [
        /^S3_SPLIT_PERCENTAGE is "ten", but must be a number from 0 to 100/,
        /^S3_SPLIT_PERCENTAGE is missing/,
      ],
    ],
    [{ ...BUCKET, STORAGE_DIR: "/x", S3_SPLIT_PERCENTAGE: "101" }, [/^S3_SPLIT_PERCENTAGE is "101"/]],
    [{ ...BUCKET, STORAGE_DIR: "/x", S3_SPLIT_PERCENTAGE: "-1" }, [/^S3_SPLIT_PERCENTAGE is "-1"/]],
    [{ ...BUCKET, STORAGE_DIR: "/x", S3_SPLIT_PERCENTAGE: "" }, [/^S3_SPLIT_PERCENTAGE is empty/]],
    [{ AWS_S3_BUCKET: "" }, [/^AWS_S3_BUCKET is empty/, /^STORAGE_DIR is missing/]],
    [{ STORAGE_DIR: "/x", USE_S3: "maybe" }, [/^USE_S3 is "maybe", but must be true or false/]],
    [{ STORAGE_DIR: "/x", USE_S3: "true" }, [/^AWS_S3_BUCKET is missing: USE_S3=true/]],
    [
      { ...BUCKET, USE_S3: "false", STORAGE_MODE: "s3" },
      [/^USE_S3 is false, but STORAGE_MODE=s3 writes to S3/],
    ],
    [{ STORAGE_MODE: "hybrid" }, [/^STORAGE_DIR /, /^AWS_S3_BUCKET /, /^S3_SPLIT_PERCENTAGE is missing/]],
    [{ ...BUCKET, S3_MEDIA_BUCKET: "other" }, [/^AWS_S3_BUCKET differs from S3_MEDIA_BUCKET/]],
    [{ ...BUCKET, AWS_ACCESS_KEY_ID: "AKIA" }, [/^AWS_SECRET_ACCESS_KEY is missing/]],
    [{ ...BUCKET, AWS_SECRET_ACCESS_KEY: "x" }, [/^AWS_ACCESS_KEY_ID is missing/]],
    [
      { ...BUCKET, AWS_ACCESS_KEY_ID: "AKIA", AWS_SECRET_ACCESS_KEY: SECRET },
      [/^AWS_SECRET_ACCESS_KEY contains a space or a line break/],
    ],
    [
      { ...BUCKET, AWS_S3_BASE_URL: "cdn.example.com" },
      [/^AWS_S3_BASE_URL is "cdn.example.com", but must be a URL/],
    ],
    [{ ...BUCKET, S3_DIALECT: "minoi" }, [/^S3_DIALECT is "minoi", but must be one of aws, r2, minio/]],
    [{ ...BUCKET, AWS_S3_VIDEOS_PREFIX: "/videos" }, [/^AWS_S3_VIDEOS_PREFIX is "\/videos"/]],
    [{ CLOUDINARY_URL: `https://key:${SECRET}@cloud` }, [/^CLOUDINARY_URL must have the form/]],
    [
      { CLOUDINARY_CLOUD_NAME: "cloud", CLOUDINARY_API_KEY: "key" },
      [/^CLOUDINARY_API_SECRET is missing, but CLOUDINARY_CLOUD_NAME/, /^STORAGE_DIR/],
    ],
    [
      { CLOUDINARY_CLOUD_NAME: "cloud", CLOUDINARY_API_KEY: "key", CLOUDINARY_API_SECRET: SECRET },
      [/^CLOUDINARY_API_SECRET contains a character/],
    ],
    [
      {
        CLOUDINARY_URL: "cloudinary://key:other@cloud",
        CLOUDINARY_CLOUD_NAME: "cloud",
        CLOUDINARY_API_KEY: "key",
        CLOUDINARY_API_SECRET: "secret",
      },
      [/^CLOUDINARY_URL differs from CLOUDINARY_CLOUD_NAME/],
    ],
    [{ STORAGE_DIR: "/x", STORAGE_MOED: "local" }, [/^STORAGE_MOED looks like STORAGE_MODE/]],
    [{ STORAGE_DIR: "/x", S3_SPLIT_PERCENTAG: "5" }, [/^S3_SPLIT_PERCENTAG looks like S3_SPLIT_PERCENTAGE/]],
    [
      { ...BUCKET, STORAGE_DIR: "/x", S3_SPLIT_PERCENTAGE: "5", CLOUDINARY_URL: "cloudinary://a:b@c" },
      [/^CLOUDINARY_URL is set, but/],
    ],
  ])("%o", (env, expected) => {
    const problems = problemsOf(env);
    expect(problems).toHaveLength(expected.length);
    for (const [index, pattern] of expected.entries()) expect(problems[index]).toMatch(pattern);
  });

  it("names a folder that is a file", () => {
    expect(problemsOf({ STORAGE_DIR: join(folder, "a-file") })).toEqual([
      expect.stringMatching(/^STORAGE_DIR is .*a-file", but must be a folder, not a file$/),
    ]);
  });

  it("is printed once, with every problem", () => {
    const error = new EnvironmentError([{ variable: "A", reason: "is empty", example: "A=1" }]);
    expect(inspect(error).match(/is empty/g)).toHaveLength(1);
    expect(error.problems).toHaveLength(1);
  });

  it("leaves variables of others alone", () => {
    const env = {
      STORAGE_DIR: "/x",
      USE_SSL: "1",
      AWS_PROFILE: "me",
      STORAGE_DIRECTORY: "y",
      NODE_ENV: "test",
    };
    expect(problemsOf(env)).toEqual([]);
  });
});

import {
  GetBucketCorsCommand,
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketLoggingCommand,
  GetBucketNotificationConfigurationCommand,
  GetBucketPolicyCommand,
  GetPublicAccessBlockCommand,
  PutBucketCorsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketNotificationConfigurationCommand,
  PutBucketPolicyCommand,
} from "@aws-sdk/client-s3";
import type { StorageProvider } from "@stowage/core";
import { describe, expect, it } from "vitest";
import { mocked } from "../mocked.test-support.js";
import { blockPublicAccess, setPublicRead } from "./access.js";
import { setAccessLog, setDefaultEncryption, setEventTargets } from "./bucket.js";
import type { SetupChange } from "./change.js";
import { setCors } from "./cors.js";
import { setLifecycle } from "./lifecycle.js";

const QUEUE = "arn:aws:sqs:eu-west-1:1:uploads";
const KEY = "arn:aws:kms:eu-west-1:1:key/0aa1-b2";

type SetUp = (provider: StorageProvider) => Promise<SetupChange>;

const lifecycle: SetUp = (provider) =>
  setLifecycle(provider, [
    { name: "all", prefix: "", abortUploadsAfterDays: 1 },
    {
      name: "cold",
      prefix: "a/",
      transitions: [
        { afterDays: 30, storageClass: "STANDARD_IA" },
        { afterDays: 90, storageClass: "GLACIER" },
      ],
    },
  ]);
const ALL = {
  ID: "stowage-all",
  Status: "Enabled",
  AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
};
const COLD = {
  ID: "stowage-cold",
  Status: "Enabled",
  Filter: { Prefix: "a/" },
  Transitions: [
    { Days: 90, StorageClass: "GLACIER" },
    { Days: 30, StorageClass: "STANDARD_IA" },
  ],
};
const cors: SetUp = (provider) =>
  setCors(provider, { origins: ["https://a", "https://b"], methods: ["PUT", "GET"] });
const CORS = {
  ID: "stowage-uploads",
  AllowedOrigins: ["https://b", "https://a"],
  AllowedMethods: ["GET", "PUT"],
  AllowedHeaders: ["*"],
  ExposeHeaders: ["etag"],
  MaxAgeSeconds: 3600,
};
const targets: SetUp = (provider) =>
  setEventTargets(provider, [
    { name: "q", arn: QUEUE, events: ["s3:ObjectCreated:Put", "s3:ObjectRemoved:*"], prefix: "a/" },
    { name: "r", arn: QUEUE, events: ["s3:ObjectRestore:*"] },
  ]);
const Q = {
  Id: "stowage-q",
  QueueArn: QUEUE,
  Events: ["s3:ObjectRemoved:*", "s3:ObjectCreated:Put"],
  Filter: {
    Key: {
      FilterRules: [
        { Name: "Suffix", Value: "" },
        { Name: "Prefix", Value: "a/" },
      ],
    },
  },
};
const R = { Id: "stowage-r", QueueArn: QUEUE, Events: ["s3:ObjectRestore:*"] };
const statement = {
  Sid: "StowagePublicRead45cd7fe3",
  Effect: "Allow",
  Action: ["s3:getObject"],
  Resource: ["arn:aws:s3:::videos/public/*"],
};
const policy = (...statements: object[]) => ({
  Policy: JSON.stringify({
    Version: "2012-10-17",
    Statement: statements.length === 1 ? statements[0] : statements,
  }),
});
const publicRead: SetUp = (provider) => setPublicRead(provider, "public/");
const log: SetUp = (provider) => setAccessLog(provider, { bucket: "logs", prefix: "" });

describe("what a server answers in a form of its own is not written again", () => {
  it.each<readonly [string, unknown, object, SetUp]>([
    [
      "a prefix beside the filter, rules and transitions in another order",
      GetBucketLifecycleConfigurationCommand,
      { Rules: [COLD, { ...ALL, Prefix: "" }] },
      lifecycle,
    ],
    [
      "a filter that is empty, or a list of one condition, and defaults",
      GetBucketLifecycleConfigurationCommand,
      {
        TransitionDefaultMinimumObjectSize: "all_storage_classes_128K",
        Rules: [
          { ...ALL, Filter: {}, Transitions: [], Expiration: { ExpiredObjectDeleteMarker: false } },
          { ...COLD, Filter: { And: { Prefix: "a/", Tags: [] } } },
        ],
      },
      lifecycle,
    ],
    [
      "rules without names",
      GetBucketLifecycleConfigurationCommand,
      {
        Rules: [
          { ...ALL, ID: "" },
          { ...COLD, ID: undefined },
        ],
      },
      lifecycle,
    ],
    [
      "names of headers in small letters, words in another order",
      GetBucketCorsCommand,
      { CORSRules: [CORS] },
      cors,
    ],
    [
      "one that comes before a rule of others",
      GetBucketCorsCommand,
      { CORSRules: [CORS, { ...CORS, ID: "x" }] },
      cors,
    ],
    [
      "an empty rule of a filter",
      GetBucketNotificationConfigurationCommand,
      { QueueConfigurations: [R, Q] },
      targets,
    ],
    [
      "an empty filter, empty lists",
      GetBucketNotificationConfigurationCommand,
      { TopicConfigurations: [], QueueConfigurations: [Q, { ...R, Filter: { Key: { FilterRules: [] } } }] },
      targets,
    ],
    [
      "one statement, and a principal of another form",
      GetBucketPolicyCommand,
      policy({ ...statement, Principal: { AWS: "*" } }),
      publicRead,
    ],
    [
      "a list of everybody",
      GetBucketPolicyCommand,
      policy({ ...statement, Principal: { AWS: ["*"] }, Condition: {} }),
      publicRead,
    ],
    [
      "a statement without its name",
      GetBucketPolicyCommand,
      policy({ ...statement, Sid: "", Principal: "*" }),
      publicRead,
    ],
    [
      "an empty prefix that is left out",
      GetBucketLoggingCommand,
      { LoggingEnabled: { TargetBucket: "logs", TargetGrants: [] } },
      log,
    ],
    [
      "a key's id as an ARN, a switch that is off",
      GetBucketEncryptionCommand,
      {
        ServerSideEncryptionConfiguration: {
          Rules: [
            {
              ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms", KMSMasterKeyID: KEY },
              BucketKeyEnabled: false,
            },
          ],
        },
      },
      (provider) => setDefaultEncryption(provider, { type: "aws:kms", keyId: "0aa1-b2" }),
    ],
  ])("%s", async (_, get, answer, setUp) => {
    const { mock, provider } = mocked();
    mock.on(get as typeof GetBucketCorsCommand).resolves(answer as never);
    expect(await setUp(provider)).toMatchObject({ isNeeded: false, isApplied: false });
    expect(mock.calls()).toHaveLength(1);
  });

  it.each<readonly [string, unknown, object, SetUp]>([
    [
      "another prefix",
      GetBucketLifecycleConfigurationCommand,
      { Rules: [COLD, { ...ALL, Prefix: "b/" }] },
      lifecycle,
    ],
    [
      "another condition",
      GetBucketLifecycleConfigurationCommand,
      { Rules: [ALL, { ...COLD, Filter: { And: { Prefix: "a/", Tags: [{ Key: "k", Value: "v" }] } } }] },
      lifecycle,
    ],
    [
      "a switch that is off",
      GetBucketLifecycleConfigurationCommand,
      { Rules: [COLD, { ...ALL, Status: "Disabled" }] },
      lifecycle,
    ],
    ["another method", GetBucketCorsCommand, { CORSRules: [{ ...CORS, AllowedMethods: ["GET"] }] }, cors],
    [
      "another event",
      GetBucketNotificationConfigurationCommand,
      { QueueConfigurations: [Q, { ...R, Events: [] }] },
      targets,
    ],
    [
      "another principal",
      GetBucketPolicyCommand,
      policy({ ...statement, Principal: { AWS: "1" } }),
      publicRead,
    ],
    [
      "a denial",
      GetBucketPolicyCommand,
      policy({ ...statement, Effect: "Deny", Principal: "*" }),
      publicRead,
    ],
    [
      "less blocked",
      GetPublicAccessBlockCommand,
      { PublicAccessBlockConfiguration: { BlockPublicAcls: true } },
      blockPublicAccess,
    ],
  ])("but what means something else is: %s", async (_, get, answer, setUp) => {
    const { mock, provider } = mocked();
    mock.onAnyCommand().resolves({});
    mock.on(get as typeof GetBucketCorsCommand).resolves(answer as never);
    expect(await setUp(provider)).toMatchObject({ isNeeded: true, isApplied: true });
  });
});

describe("what is replaced stays in its place", () => {
  it("so that the first rule that fits is the same as before", async () => {
    const { mock, provider } = mocked();
    const theirs = { ...CORS, ID: "theirs" };
    mock.on(GetBucketCorsCommand).resolves({ CORSRules: [{ ...CORS, AllowedMethods: ["GET"] }, theirs] });
    mock.on(PutBucketCorsCommand).resolves({});
    await cors(provider);
    const rules = mock.commandCalls(PutBucketCorsCommand)[0]?.args[0].input.CORSConfiguration?.CORSRules;
    expect(rules?.map(({ ID }) => ID)).toEqual(["stowage-uploads", "theirs"]);
  });

  it.each<readonly [string, unknown, unknown, object, SetUp]>([
    [
      "rules",
      GetBucketLifecycleConfigurationCommand,
      PutBucketLifecycleConfigurationCommand,
      { Rules: [{ ...ALL, ID: "stowage-old" }] },
      lifecycle,
    ],
    [
      "targets",
      GetBucketNotificationConfigurationCommand,
      PutBucketNotificationConfigurationCommand,
      { QueueConfigurations: [{ ...R, Id: "stowage-old" }] },
      targets,
    ],
  ])("and what is not given any more goes: %s", async (_, get, put, answer, setUp) => {
    const { mock, provider } = mocked();
    mock.on(get as typeof GetBucketCorsCommand).resolves(answer as never);
    mock.on(put as typeof PutBucketCorsCommand).resolves({});
    await setUp(provider);
    expect(JSON.stringify(mock.calls().at(-1)?.args[0].input)).not.toContain("stowage-old");
  });
});

describe("a bucket's policy", () => {
  it.each(["no JSON", "[]", "null"])("that is none is Misconfigured, and stays: %s", async (text) => {
    const { mock, provider } = mocked();
    mock.on(GetBucketPolicyCommand).resolves({ Policy: text });
    await expect(publicRead(provider)).rejects.toMatchObject({ code: "Misconfigured" });
    expect(mock.commandCalls(PutBucketPolicyCommand)).toHaveLength(0);
  });
});

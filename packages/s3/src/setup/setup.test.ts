import {
  AbortMultipartUploadCommand,
  GetBucketCorsCommand,
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketLoggingCommand,
  GetBucketNotificationConfigurationCommand,
  GetBucketPolicyCommand,
  GetPublicAccessBlockCommand,
  ListMultipartUploadsCommand,
  PutBucketCorsCommand,
  PutBucketEncryptionCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketLoggingCommand,
  PutBucketNotificationConfigurationCommand,
  PutBucketPolicyCommand,
  PutPublicAccessBlockCommand,
  RestoreObjectCommand,
} from "@aws-sdk/client-s3";
import { isStorageError } from "@stowage/core";
import { describe, expect, it } from "vitest";
import { mocked, refusal } from "../mocked.test-support.js";
import { blockPublicAccess, setPublicRead } from "./access.js";
import { setAccessLog, setDefaultEncryption, setEventTargets } from "./bucket.js";
import { setCors } from "./cors.js";
import { iamPolicy } from "./iam-policy.js";
import { setLifecycle, type LifecycleRule } from "./lifecycle.js";
import { restoreObject } from "./restore.js";
import { abortStaleUploads } from "./stale-uploads.js";

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => "resolved",
    (error: unknown) => (isStorageError(error) ? error.code : error),
  );
}

const ORIGINS = { origins: ["https://app.example.com"] };

describe("settings with what there is not", () => {
  const { provider } = mocked();
  it.each<readonly [string, () => Promise<unknown>, string]>([
    [
      "a rule",
      () => setLifecycle(provider, [{ name: "a", prefx: "t/", expireAfterDays: 3 } as never]),
      "prefix",
    ],
    [
      "a target",
      () => setEventTargets(provider, [{ name: "a", arn: "b", events: [], prefx: "a/" } as never]),
      "prefix",
    ],
    ["CORS", () => setCors(provider, { ...ORIGINS, maxAgeSecond: 5 } as never), "maxAgeSeconds"],
    ["CORS without origins", () => setCors(provider, { origin: ["x"] } as never), "origins"],
    ["encryption", () => setDefaultEncryption(provider, { type: "aws:kms", keyID: "k" } as never), "keyId"],
    ["a switch", () => setLifecycle(provider, [], { dryRun: null } as never), "dryRun must be true or false"],
  ])("are a TypeError, and nothing is sent: %s", async (_, call, words) => {
    const error = await call().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TypeError);
    expect(String(error)).toContain(words);
  });
});

describe("CORS", () => {
  it("is added to what others have set up, and shows ETags", async () => {
    const { mock, provider } = mocked();
    const theirs = { ID: "theirs", AllowedOrigins: ["https://b"], AllowedMethods: ["GET"] };
    mock.on(GetBucketCorsCommand).resolves({ CORSRules: [theirs, { ...theirs, ID: "stowage-uploads" }] });
    mock.on(PutBucketCorsCommand).resolves({});
    const change = await setCors(provider, ORIGINS);
    expect(change).toMatchObject({
      request: "PutBucketCors",
      bucket: "videos",
      isNeeded: true,
      isApplied: true,
    });
    const sent = mock.commandCalls(PutBucketCorsCommand)[0]?.args[0].input.CORSConfiguration;
    expect(sent).toEqual(change.after);
    expect(sent?.CORSRules).toEqual([
      theirs,
      {
        ID: "stowage-uploads",
        AllowedOrigins: ["https://app.example.com"],
        AllowedMethods: ["GET", "HEAD", "PUT", "POST"],
        AllowedHeaders: ["*"],
        ExposeHeaders: ["ETag"],
        MaxAgeSeconds: 3600,
      },
    ]);
  });

  it("is only said in a dry run, and not sent again when it is there", async () => {
    const { mock, provider } = mocked();
    mock.on(GetBucketCorsCommand).rejects(refusal("NoSuchCORSConfiguration", 404));
    const planned = await setCors(provider, ORIGINS, { dryRun: true });
    expect(planned).toMatchObject({ isNeeded: true, isApplied: false });
    expect(planned.before).toBeUndefined();
    mock.on(GetBucketCorsCommand).resolves(planned.after);
    expect(await setCors(provider, ORIGINS)).toMatchObject({ isNeeded: false, isApplied: false });
    expect(mock.commandCalls(PutBucketCorsCommand)).toHaveLength(0);
  });

  it("is not written over what could not be read", async () => {
    const { mock, provider } = mocked();
    mock.on(GetBucketCorsCommand).rejects(refusal("AccessDenied", 403));
    expect(await codeOf(setCors(provider, ORIGINS))).toBe("PermissionDenied");
    expect(mock.commandCalls(PutBucketCorsCommand)).toHaveLength(0);
  });

  it.each([[[]], [["app.example.com"]], [["https://app.example.com/"]]])(
    "of %j is InvalidArgument",
    async (origins) => {
      expect(await codeOf(setCors(mocked().provider, { origins }))).toBe("InvalidArgument");
    },
  );
});

describe("lifecycle rules", () => {
  it("are those of this package and of others, below the provider's prefix", async () => {
    const { mock, provider } = mocked({ keyPrefix: "p/" });
    mock
      .on(GetBucketLifecycleConfigurationCommand)
      .resolves({ Rules: [{ ID: "theirs", Status: "Enabled" }] });
    mock.on(PutBucketLifecycleConfigurationCommand).resolves({});
    await setLifecycle(provider, [
      { name: "old", prefix: "previews/", expireAfterDays: 30, expireOldVersionsAfterDays: 7 },
      { name: "cold", prefix: "", transitions: [{ afterDays: 90, storageClass: "GLACIER" }] },
      { name: "stale", prefix: "", abortUploadsAfterDays: 1 },
    ]);
    const { input } = mock.commandCalls(PutBucketLifecycleConfigurationCommand)[0]?.args[0] ?? {};
    expect(input?.LifecycleConfiguration?.Rules).toEqual([
      { ID: "theirs", Status: "Enabled" },
      {
        ID: expect.stringMatching(/^stowage\.[0-9a-f]{8}-old$/) as string,
        Status: "Enabled",
        Filter: { Prefix: "p/previews/" },
        Expiration: { Days: 30 },
        NoncurrentVersionExpiration: { NoncurrentDays: 7 },
      },
      {
        ID: expect.stringMatching(/^stowage\.[0-9a-f]{8}-cold$/) as string,
        Status: "Enabled",
        Filter: { Prefix: "p/" },
        Transitions: [{ Days: 90, StorageClass: "GLACIER" }],
      },
      {
        ID: expect.stringMatching(/^stowage\.[0-9a-f]{8}-stale$/) as string,
        Status: "Enabled",
        Filter: { Prefix: "p/" },
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
      },
    ]);
  });

  it.each<[string, LifecycleRule[]]>([
    ["removes everything", [{ name: "a", prefix: "", expireAfterDays: 1 }]],
    ["does nothing", [{ name: "a", prefix: "b/" }]],
    ["has half a day", [{ name: "a", prefix: "b/", expireAfterDays: 0.5 }]],
    ["has another's name", [1, 2].map((days) => ({ name: "a", prefix: "b/", expireAfterDays: days }))],
    ["is not there", []],
  ])("one that %s is InvalidArgument", async (_title, rules) => {
    expect(await codeOf(setLifecycle(mocked().provider, rules))).toBe("InvalidArgument");
  });

  it("of one prefix leave those of another, and what the bucket says beside them", async () => {
    const { mock, provider } = mocked({ keyPrefix: "b/" });
    const TransitionDefaultMinimumObjectSize = "varies_by_storage_class";
    const Rules = [{ ID: "stowage.12345678-old", Status: "Enabled" as const }];
    mock.on(GetBucketLifecycleConfigurationCommand).resolves({ Rules, TransitionDefaultMinimumObjectSize });
    mock.on(PutBucketLifecycleConfigurationCommand).resolves({});
    const rules = [{ name: "old", prefix: "", expireAfterDays: 1 }];
    const { after } = await setLifecycle(provider, rules);
    const { input } = mock.commandCalls(PutBucketLifecycleConfigurationCommand)[0]?.args[0] ?? {};
    expect(input?.TransitionDefaultMinimumObjectSize).toBe(TransitionDefaultMinimumObjectSize);
    expect(input?.LifecycleConfiguration?.Rules?.map(({ ID }) => ID)).toHaveLength(2);
    mock.on(GetBucketLifecycleConfigurationCommand).resolves(after);
    expect((await setLifecycle(provider, rules)).isNeeded).toBe(false);
  });

  it("one that removes everything needs force", async () => {
    const { mock, provider } = mocked();
    mock.on(GetBucketLifecycleConfigurationCommand).rejects(refusal("NoSuchLifecycleConfiguration", 404));
    mock.on(PutBucketLifecycleConfigurationCommand).resolves({});
    const rules = [{ name: "a", prefix: "", expireAfterDays: 1 }];
    expect(await setLifecycle(provider, rules, { force: true })).toMatchObject({ isApplied: true });
  });
});

describe("access", () => {
  it("of everybody is one statement of the policy", async () => {
    const { mock, provider } = mocked({ keyPrefix: "p/" });
    const theirs = { Sid: "Theirs", Effect: "Deny" };
    const Policy = JSON.stringify({
      Version: "2012-10-17",
      Statement: [theirs, { Sid: "StowagePublicReadother" }],
    });
    mock.on(GetBucketPolicyCommand).resolves({ Policy });
    mock.on(PutBucketPolicyCommand).resolves({});
    await setPublicRead(provider, "public/");
    const sent = JSON.parse(
      mock.commandCalls(PutBucketPolicyCommand)[0]?.args[0].input.Policy ?? "",
    ) as object;
    expect(sent).toEqual({
      Version: "2012-10-17",
      Statement: [
        theirs,
        { Sid: "StowagePublicReadother" },
        {
          Sid: expect.stringMatching(/^StowagePublicRead[0-9a-f]{8}$/) as string,
          Effect: "Allow",
          Principal: "*",
          Action: "s3:GetObject",
          Resource: "arn:aws:s3:::videos/p/public/*",
        },
      ],
    });
  });

  it.each(["", "public", "*/", "a?/", "${aws:username}/"])(
    "of everybody to %j is InvalidArgument",
    async (prefix) => {
      expect(await codeOf(setPublicRead(mocked().provider, prefix))).toBe("InvalidArgument");
    },
  );

  it("is blocked for everybody", async () => {
    const { mock, provider } = mocked();
    mock.on(GetPublicAccessBlockCommand).rejects(refusal("NoSuchPublicAccessBlockConfiguration", 404));
    mock.on(PutPublicAccessBlockCommand).resolves({});
    const { after } = await blockPublicAccess(provider);
    mock.on(GetPublicAccessBlockCommand).resolves({ PublicAccessBlockConfiguration: after });
    expect(await blockPublicAccess(provider)).toMatchObject({ isNeeded: false });
  });
});

describe("a bucket", () => {
  it("encrypts by default", async () => {
    const { mock, provider } = mocked();
    mock
      .on(GetBucketEncryptionCommand)
      .rejects(refusal("ServerSideEncryptionConfigurationNotFoundError", 404));
    mock.on(PutBucketEncryptionCommand).resolves({});
    const { after } = await setDefaultEncryption(provider, { type: "aws:kms", keyId: "k", bucketKey: true });
    expect(after).toEqual({
      Rules: [
        {
          ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms", KMSMasterKeyID: "k" },
          BucketKeyEnabled: true,
        },
      ],
    });
  });

  it("needs no change where the server says nothing of keys that it does not have", async () => {
    const { mock, provider } = mocked();
    const Rules = [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" as const } }];
    mock
      .on(GetBucketEncryptionCommand)
      .resolves({ ServerSideEncryptionConfiguration: { Rules } })
      .on(PutBucketEncryptionCommand)
      .resolves({});
    expect(await setDefaultEncryption(provider, { type: "AES256" })).toMatchObject({ isNeeded: false });
    const { after } = await setDefaultEncryption(provider, { type: "aws:kms", bucketKey: true });
    mock.on(GetBucketEncryptionCommand).resolves({ ServerSideEncryptionConfiguration: after as never });
    expect(await setDefaultEncryption(provider, { type: "AES256" })).toMatchObject({
      after: { Rules: [{ ...Rules[0], BucketKeyEnabled: false }] },
    });
  });

  it("is Misconfigured when what it names is not there: that is no missing object", async () => {
    const { mock, provider } = mocked();
    mock
      .on(GetBucketNotificationConfigurationCommand)
      .resolves({})
      .on(PutBucketNotificationConfigurationCommand)
      .rejects(refusal("NoSuchKey", 404));
    const target = { name: "made", arn: "arn:aws:sns:us-east-1:1:none", events: ["s3:ObjectCreated:*"] };
    expect(await codeOf(setEventTargets(provider, [target]))).toBe("Misconfigured");
  });

  it("logs into another, and not into itself", async () => {
    const { mock, provider } = mocked();
    mock.on(GetBucketLoggingCommand).resolves({});
    mock.on(PutBucketLoggingCommand).resolves({});
    await setAccessLog(provider, { bucket: "logs", prefix: "videos/" });
    const { input } = mock.commandCalls(PutBucketLoggingCommand)[0]?.args[0] ?? {};
    expect(input?.BucketLoggingStatus).toEqual({
      LoggingEnabled: { TargetBucket: "logs", TargetPrefix: "videos/" },
    });
    expect(await codeOf(setAccessLog(provider, { bucket: "videos", prefix: "" }))).toBe("InvalidArgument");
  });

  it("tells others what happens in it", async () => {
    const { mock, provider } = mocked({ keyPrefix: "p/" });
    const theirs = {
      Id: "theirs",
      QueueArn: "arn:aws:sqs:us-east-1:1:theirs",
      Events: ["s3:ObjectRemoved:*" as const],
    };
    mock
      .on(GetBucketNotificationConfigurationCommand)
      .resolves({ QueueConfigurations: [theirs], EventBridgeConfiguration: {} });
    mock.on(PutBucketNotificationConfigurationCommand).resolves({});
    const events = ["s3:ObjectCreated:*"];
    const { after } = await setEventTargets(provider, [
      { name: "thumbs", arn: "arn:aws:sqs:us-east-1:1:thumbs", events, suffix: ".mp4" },
      { name: "log", arn: "arn:aws:lambda:us-east-1:1:function:log", events },
    ]);
    const prefix = { Name: "prefix", Value: "p/" };
    expect(after).toEqual({
      EventBridgeConfiguration: {},
      QueueConfigurations: [
        theirs,
        {
          Id: expect.stringMatching(/^stowage\.[0-9a-f]{8}-thumbs$/) as string,
          QueueArn: "arn:aws:sqs:us-east-1:1:thumbs",
          Events: events,
          Filter: { Key: { FilterRules: [prefix, { Name: "suffix", Value: ".mp4" }] } },
        },
      ],
      LambdaFunctionConfigurations: [
        {
          Id: expect.stringMatching(/^stowage\.[0-9a-f]{8}-log$/) as string,
          LambdaFunctionArn: "arn:aws:lambda:us-east-1:1:function:log",
          Events: events,
          Filter: { Key: { FilterRules: [prefix] } },
        },
      ],
    });
    const wrong = setEventTargets(provider, [{ name: "x", arn: "arn:aws:iam::1:user/x", events }]);
    expect(await codeOf(wrong)).toBe("InvalidArgument");
  });
});

describe("stale uploads", () => {
  const HOUR = 60 * 60 * 1000;

  it("are removed, page by page, and young ones stay", async () => {
    const { mock, provider } = mocked({ keyPrefix: "p/" });
    const begun = (hours: number): Date => new Date(Date.now() - hours * HOUR);
    mock
      .on(ListMultipartUploadsCommand)
      .resolvesOnce({
        Uploads: [{ Key: "p/a+b", UploadId: "1", Initiated: begun(48) }],
        IsTruncated: true,
        EncodingType: "url",
        NextKeyMarker: "p/a+b",
        NextUploadIdMarker: "1",
      })
      .resolves({
        Uploads: [
          { Key: "p/c", UploadId: "2", Initiated: begun(1) },
          { Key: "p/d", UploadId: "3", Initiated: begun(48) },
          { Key: "p/e", UploadId: "4", Initiated: begun(48) },
        ],
      });
    mock
      .on(AbortMultipartUploadCommand)
      .resolves({})
      .on(AbortMultipartUploadCommand, { UploadId: "3" })
      .rejects(refusal("NoSuchUpload", 404))
      .on(AbortMultipartUploadCommand, { UploadId: "4" })
      .rejects(refusal("AccessDenied", 403));
    const stale = await abortStaleUploads(provider, { olderThanHours: 24, prefix: "" });
    expect(stale.map(({ key, uploadId, error }) => [key, uploadId, isStorageError(error)])).toEqual([
      ["a b", "1", false],
      ["d", "3", false],
      ["e", "4", true],
    ]);
    expect(mock.commandCalls(ListMultipartUploadsCommand)[1]?.args[0].input).toMatchObject({
      Prefix: "p/",
      KeyMarker: "p/a b",
      UploadIdMarker: "1",
    });
  });

  it("are only named in a dry run", async () => {
    const { mock, provider } = mocked();
    const Uploads = [{ Key: "a", UploadId: "1", Initiated: new Date(0) }];
    mock.on(ListMultipartUploadsCommand).resolves({ Uploads });
    expect(await abortStaleUploads(provider, { olderThanHours: 1, dryRun: true })).toHaveLength(1);
    expect(mock.commandCalls(AbortMultipartUploadCommand)).toHaveLength(0);
    expect(await codeOf(abortStaleUploads(provider, { olderThanHours: -1 }))).toBe("InvalidArgument");
  });
});

describe("an archived object", () => {
  it("is restored, also when it is on its way", async () => {
    const { mock, provider } = mocked({ keyPrefix: "p/" });
    mock.on(RestoreObjectCommand).resolvesOnce({}).rejects(refusal("RestoreAlreadyInProgress", 409));
    await restoreObject(provider, "a", { days: 3, tier: "Bulk" });
    await restoreObject(provider, "a", { days: 3 });
    expect(mock.commandCalls(RestoreObjectCommand)[0]?.args[0].input).toMatchObject({
      Key: "p/a",
      RestoreRequest: { Days: 3, GlacierJobParameters: { Tier: "Bulk" } },
    });
    expect(await codeOf(restoreObject(provider, "a", { days: 0 }))).toBe("InvalidArgument");
  });
});

describe("a policy for an application", () => {
  it("has what its verbs need", () => {
    const { provider } = mocked({ keyPrefix: "p/" });
    expect(iamPolicy(provider, ["get", "delete"])).toEqual({
      Version: "2012-10-17",
      Statement: [
        {
          Sid: "StowageObjects",
          Effect: "Allow",
          Action: ["s3:DeleteObject", "s3:GetObject"],
          Resource: "arn:aws:s3:::videos/p/*",
        },
        {
          Sid: "StowageListing",
          Effect: "Allow",
          Action: ["s3:ListBucket"],
          Resource: "arn:aws:s3:::videos",
          Condition: { StringLike: { "s3:prefix": "p/*" } },
        },
      ],
    });
  });

  it("has what its objects are stored with", () => {
    const keyId = "arn:aws:kms:us-east-1:1:key/k";
    const objects = { acl: "public-read", tags: { a: "b" }, encryption: { type: "aws:kms", keyId } } as const;
    const [onObjects, onBucket, onKeys] = iamPolicy(mocked({ objects }).provider, ["put"]).Statement;
    expect(onObjects?.Action).toEqual([
      "s3:AbortMultipartUpload",
      "s3:GetObject",
      "s3:ListMultipartUploadParts",
      "s3:PutObject",
      "s3:PutObjectAcl",
      "s3:PutObjectTagging",
    ]);
    expect(onBucket?.Action).toEqual(["s3:ListBucketMultipartUploads"]);
    expect(onKeys).toMatchObject({ Action: ["kms:Decrypt", "kms:GenerateDataKey"], Resource: keyId });
  });

  it("names an alias by a condition, and the partition of its region", () => {
    const objects = { encryption: { type: "aws:kms", keyId: "alias/videos" } } as const;
    const { provider } = mocked({ objects, region: "cn-north-1" });
    const statements = iamPolicy(provider, ["get"]).Statement;
    expect(statements.map(({ Resource }) => Resource)).toEqual([
      "arn:aws-cn:s3:::videos/*",
      "arn:aws-cn:s3:::videos",
      "arn:aws-cn:kms:cn-north-1:*:key/*",
    ]);
    expect(statements[2]?.Condition).toEqual({
      "ForAnyValue:StringEquals": { "kms:ResourceAliases": "alias/videos" },
    });
  });

  it("for a prefix that is a pattern is InvalidArgument", () => {
    const { provider } = mocked({ keyPrefix: "u*/" });
    expect(() => iamPolicy(provider, ["get"])).toThrow(/as a pattern/);
  });

  it("of no such verb is a TypeError", () => {
    expect(() => iamPolicy(mocked().provider, ["putt" as "put"])).toThrow(TypeError);
  });
});

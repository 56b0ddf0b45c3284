import type { StorageProvider } from "@stowage/core";
import {
  GetBucketCorsCommand,
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketLoggingCommand,
  GetBucketNotificationConfigurationCommand,
  GetBucketPolicyCommand,
  GetPublicAccessBlockCommand,
} from "@aws-sdk/client-s3";
import { describe, expect, it } from "vitest";
import { mocked, refusal } from "../mocked.test-support.js";
import { blockPublicAccess, setPublicRead } from "./access.js";
import { setAccessLog, setDefaultEncryption, setEventTargets } from "./bucket.js";
import { setCors } from "./cors.js";
import { iamPolicy } from "./iam-policy.js";
import { setLifecycle } from "./lifecycle.js";

type Case = readonly [what: string, command: unknown, call: (provider: StorageProvider) => Promise<unknown>];

const CASES: readonly Case[] = [
  ["CORS", GetBucketCorsCommand, (provider) => setCors(provider, { origins: ["https://a.example"] })],
  [
    "lifecycle rules",
    GetBucketLifecycleConfigurationCommand,
    (provider) => setLifecycle(provider, [{ name: "a", prefix: "a/", expireAfterDays: 1 }]),
  ],
  ["public prefixes", GetBucketPolicyCommand, (provider) => setPublicRead(provider, "a/")],
  ["public access", GetPublicAccessBlockCommand, (provider) => blockPublicAccess(provider)],
  [
    "encryption",
    GetBucketEncryptionCommand,
    (provider) => setDefaultEncryption(provider, { type: "AES256" }),
  ],
  ["logs", GetBucketLoggingCommand, (provider) => setAccessLog(provider, { bucket: "logs", prefix: "" })],
  ["events", GetBucketNotificationConfigurationCommand, (provider) => setEventTargets(provider, [])],
];

describe("a set-up call that is denied", () => {
  it.each(CASES)("names a permission that the policy for the set-up has: %s", async (_, command, call) => {
    const { provider, mock } = mocked();
    mock.on(command as never).rejects(refusal("AccessDenied", 403));
    const error = await call(provider).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "PermissionDenied" });
    const [, action] = /the credentials need (s3:\w+)/.exec(String(error)) ?? [];
    expect(iamPolicy(provider, ["setup"]).Statement.flatMap(({ Action }) => Action)).toContain(action);
  });
});

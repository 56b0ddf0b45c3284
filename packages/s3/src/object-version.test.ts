import { DeleteObjectCommand, GetObjectCommand, HeadObjectCommand } from "@aws-sdk/client-s3";
import { memory } from "@stowage/core";
import { describe, expect, it } from "vitest";
import { bodyOf, mocked, refusal } from "./mocked.test-support.js";
import { objectVersion } from "./object-version.js";

describe("a version of an object", () => {
  it("is asked for under its id, in the corner of its provider", async () => {
    const { mock, provider } = mocked({ keyPrefix: "p/" });
    const facts = { ETag: '"e"', ContentLength: 3, VersionId: "V1" };
    mock.on(HeadObjectCommand).resolves(facts);
    mock.on(GetObjectCommand).callsFake(() => ({ ...facts, Body: bodyOf("abc") }));
    mock.on(DeleteObjectCommand).resolves({ $metadata: { httpStatusCode: 204 } });
    const version = objectVersion(provider, "a", "V1");
    expect(await version.head()).toMatchObject({ key: "a", version: "V1" });
    expect(await (await version.get()).text()).toBe("abc");
    await version.delete();
    for (const command of [HeadObjectCommand, GetObjectCommand, DeleteObjectCommand] as const) {
      const [call] = mock.commandCalls(command as typeof HeadObjectCommand);
      expect(call?.args[0].input).toMatchObject({ Key: "p/a", VersionId: "V1" });
    }
  });

  it("is tried again like every read", async () => {
    const { mock, provider } = mocked();
    mock
      .on(HeadObjectCommand)
      .rejectsOnce(refusal("SlowDown", 503))
      .resolves({ ETag: '"e"', ContentLength: 3 });
    expect(await objectVersion(provider, "a", "V1").head()).toMatchObject({ size: 3 });
  });

  it("needs a provider of this package, a good key and an id", () => {
    const { provider } = mocked();
    expect(() => objectVersion(memory(), "a", "V1")).toThrow("needs the provider that s3() returned");
    expect(() => objectVersion(provider, "a//b", "V1")).toThrow('the key contains "//"');
    expect(() => objectVersion(provider, "a", "")).toThrow("version must be the id of a version");
  });
});

import { describe, expect, it } from "vitest";
import { parseS3Event } from "./events.js";

const RECORD = {
  eventVersion: "2.1",
  eventSource: "aws:s3",
  awsRegion: "us-east-1",
  eventTime: "2026-11-20T12:00:00.000Z",
  eventName: "ObjectCreated:CompleteMultipartUpload",
  s3: {
    bucket: { name: "videos", arn: "arn:aws:s3:::videos" },
    object: { key: "a+b/%C3%A9%2B.mp4", size: 1024, eTag: "0123-2", versionId: "v1", sequencer: "0A" },
  },
};

const EVENT = {
  type: "created",
  name: "ObjectCreated:CompleteMultipartUpload",
  bucket: "videos",
  key: "a b/é+.mp4",
  ref: "s3://videos/a%20b/%C3%A9+.mp4",
  time: new Date("2026-11-20T12:00:00Z"),
  size: 1024,
  etag: '"0123-2"',
  version: "v1",
  sequencer: "0A",
};

const S3 = { Records: [RECORD] };
const SNS = { Type: "Notification", TopicArn: "arn:aws:sns:us-east-1:1:t", Message: JSON.stringify(S3) };

describe("an event of S3", () => {
  it.each([
    ["as an object", S3],
    ["as text", JSON.stringify(S3)],
    ["alone", RECORD],
    ["wrapped by SNS, over HTTP", SNS],
    ["wrapped by SNS, for a function", { Records: [{ EventSource: "aws:sns", Sns: SNS }] }],
    ["in a message of SQS", { Records: [{ messageId: "1", body: JSON.stringify(S3) }] }],
    ["in a message of SQS as its client gives it", { MessageId: "1", Body: JSON.stringify(S3) }],
    ["wrapped by SNS in a message of SQS", { Records: [{ body: JSON.stringify(SNS) }] }],
  ])("is read %s", (_title, message) => {
    const [event, ...others] = parseS3Event(message);
    expect(others).toEqual([]);
    expect({ ...event, ref: EVENT.ref }).toEqual(EVENT);
  });

  it("is read from EventBridge, which encodes no key", () => {
    const message = {
      version: "0",
      source: "aws.s3",
      "detail-type": "Object Created",
      time: "2026-11-20T12:00:00Z",
      detail: {
        bucket: { name: "videos" },
        object: { key: "a b/é+.mp4", size: 1024, etag: "0123-2", "version-id": "v1", sequencer: "0A" },
        reason: "CompleteMultipartUpload",
      },
    };
    expect(parseS3Event(message)).toEqual([{ ...EVENT, ref: parseS3Event(S3)[0]?.ref }]);
  });

  it.each([
    ["ObjectRemoved:DeleteMarkerCreated", "removed"],
    ["s3:ObjectRemoved:Delete", "removed"],
    ["LifecycleExpiration:Delete", "removed"],
    ["ObjectRestore:Completed", "restored"],
    ["ObjectRestore:Post", "other"],
    ["ObjectTagging:Put", "other"],
  ])("%s is %s", (eventName, type) => {
    expect(parseS3Event({ Records: [{ ...RECORD, eventName }] })[0]?.type).toBe(type);
  });

  it("that tests a new target is none", () => {
    expect(parseS3Event({ Service: "Amazon S3", Event: "s3:TestEvent", Bucket: "videos" })).toEqual([]);
  });

  it.each([
    ["nothing", undefined],
    ["no JSON", "{"],
    ["something else", { hello: "world" }],
    ["no key", { Records: [{ ...RECORD, s3: { bucket: { name: "videos" }, object: {} } }] }],
    ["no encoding", { Records: [{ ...RECORD, s3: { ...RECORD.s3, object: { key: "%E9" } } }] }],
    ["messages in messages", { body: { body: { body: { body: { body: { body: RECORD } } } } } }],
  ])("that has %s is InvalidArgument", (_title, message) => {
    expect(() => parseS3Event(message)).toThrow(expect.objectContaining({ code: "InvalidArgument" }));
  });
});

describe("any JSON", () => {
  const HALF = "\ud800";
  const bridge = (more: object): object => ({ source: "aws.s3", "detail-type": "Object Created", ...more });
  const records = (object: unknown, bucket: unknown = { name: "videos" }): object => ({
    Records: [{ ...RECORD, s3: { bucket, object } }],
  });

  it.each<readonly [string, unknown]>([
    ["half a character in a key", records({ key: HALF })],
    ["half a character in a bucket", records({ key: "a" }, { name: HALF })],
    [
      "half a character in a key of EventBridge",
      bridge({ detail: { bucket: { name: "a" }, object: { key: HALF } } }),
    ],
    ["half a character that is encoded", records({ key: "%ED%A0%80" })],
    ["nothing where an object is", records(null)],
    ["a list where an object is", records(["a"])],
    ["a number where a key is", records({ key: 7 })],
    ["nothing where a bucket is", records({ key: "a" }, null)],
    ["nothing in its records", { Records: [null] }],
    ["nothing in S3's part", { s3: null }],
    ["a text as its details", bridge({ detail: "a" })],
    ["nothing as its details", bridge({ detail: null })],
    ["a number as its message", { Message: 7 }],
    ["a list as itself", [[]]],
  ])("with %s is InvalidArgument", (_, message) => {
    for (const given of [message, JSON.stringify(message), { Message: JSON.stringify(message) }]) {
      expect(() => parseS3Event(given)).toThrow(expect.objectContaining({ code: "InvalidArgument" }));
    }
  });

  it.each(["constructor", "__proto__", "toString", "hasOwnProperty"])(
    "with a type named %s is another event",
    (name) => {
      const detail = { bucket: { name: "videos" }, object: { key: name } };
      expect(parseS3Event(JSON.stringify(bridge({ "detail-type": name, detail })))).toMatchObject([
        { type: "other", name, key: name },
      ]);
    },
  );

  it.each([-1, 1.5, Number.POSITIVE_INFINITY, "7", null, {}])("with the size %j has none", (size) => {
    expect(parseS3Event(records({ key: "a", size }))[0]).not.toHaveProperty("size");
  });

  it("made at random is InvalidArgument or a result", () => {
    let seed = Number(process.env["SEED"] ?? 20261129);
    const random = (below: number): number => {
      seed = (seed * 1103515245 + 12345) % 2 ** 31;
      return Math.floor((seed / 2 ** 31) * below);
    };
    const NAMES = [
      "Records",
      "s3",
      "object",
      "bucket",
      "name",
      "key",
      "Message",
      "body",
      "Sns",
      "detail",
      "__proto__",
    ];
    const LEAVES = [null, true, 7, "", "a", HALF, "%", "{}", "[]", "aws.s3", "constructor"];
    const value = (depth: number): unknown => {
      const kind = depth === 0 ? 0 : random(4);
      if (kind === 0) return LEAVES[random(LEAVES.length)];
      if (kind === 1) return [value(depth - 1), value(depth - 1)];
      const fields = Array.from({ length: 4 }, () => [NAMES[random(NAMES.length)], value(depth - 1)]);
      const made = { ...RECORD, ...bridge({}), ...Object.fromEntries(fields) } as Record<string, unknown>;
      for (const name of ["s3", "source", "Records"]) if (random(2) === 0) delete made[name];
      return made;
    };
    for (let round = 0; round < 500; round++) {
      const text = JSON.stringify(value(3));
      try {
        expect(Array.isArray(parseS3Event(text))).toBe(true);
      } catch (error) {
        expect(error, `seed ${seed}, ${text}`).toMatchObject({ code: "InvalidArgument" });
      }
    }
  });
});

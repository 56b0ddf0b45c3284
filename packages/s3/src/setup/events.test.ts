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

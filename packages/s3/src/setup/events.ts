import { StorageError, encodeKeyPath } from "@stowage/core/provider";

/** An event in a bucket. */
export interface S3Event {
  readonly type: "created" | "removed" | "restored" | "other";
  /** The server's name for the event, such as `"ObjectCreated:Put"`. */
  readonly name: string;
  readonly bucket: string;
  /** The key, decoded. It begins with the `keyPrefix` of the provider. */
  readonly key: string;
  /** The ref `s3://bucket/key`, for `locate` and `at`. */
  readonly ref: string;
  readonly time?: Date | undefined;
  /** The size in bytes. */
  readonly size?: number | undefined;
  readonly etag?: string | undefined;
  readonly version?: string | undefined;
  /**
   * A text that orders the events of one key. The longer of two texts belongs to the later event. If both have the same length,
   * the later event has the greater text.
   */
  readonly sequencer?: string | undefined;
}

interface EventObject {
  readonly key?: unknown;
  readonly size?: unknown;
  readonly eTag?: unknown;
  readonly etag?: unknown;
  readonly versionId?: unknown;
  readonly "version-id"?: unknown;
  readonly sequencer?: unknown;
}

interface Message {
  readonly Type?: unknown;
  readonly Message?: unknown;
  readonly Event?: unknown;
  readonly Records?: readonly Message[];
  readonly Sns?: Message;
  readonly body?: unknown;
  readonly Body?: unknown;
  readonly s3?: { readonly bucket?: { readonly name?: unknown }; readonly object?: EventObject };
  readonly eventName?: unknown;
  readonly eventTime?: unknown;
  readonly source?: unknown;
  readonly time?: unknown;
  readonly "detail-type"?: unknown;
  readonly detail?: {
    readonly bucket?: { readonly name?: unknown };
    readonly object?: EventObject;
    readonly reason?: unknown;
  };
}

/**
 * Reads the events of a bucket from a message. The message may come to a Lambda function, through SQS or SNS, or
 * through EventBridge.
 *
 * @param message - The message, or its text.
 * @returns The events in the message. The list is empty for the message with which S3 tests a new target.
 * @throws StorageError `InvalidArgument` for any other message.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
 */
export function parseS3Event(message: unknown): readonly S3Event[] {
  return eventsIn(message, 0);
}

/** The maximum depth of nested messages. A message of SQS may contain a message of SNS that contains a message of S3. */
const DEPTH_MAX = 4;

function eventsIn(given: unknown, depth: number): readonly S3Event[] {
  const message = typeof given === "string" ? parsed(given) : given;
  if (typeof message !== "object" || message === null || depth > DEPTH_MAX) throw notAnEvent();
  const { Event, Records, Sns, Message: inner, body, Body, s3, source } = message as Message;
  if (Event === "s3:TestEvent") return [];
  if (Array.isArray(Records)) return Records.flatMap((record: Message) => eventsIn(record, depth + 1));
  if (s3 !== undefined) return [fromS3(message)];
  if (source === "aws.s3") return [fromEventBridge(message)];
  const wrapped: unknown = Sns ?? inner ?? body ?? Body;
  if (wrapped === undefined) throw notAnEvent();
  return eventsIn(wrapped, depth + 1);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw notAnEvent();
  }
}

function fromS3({ s3, eventName, eventTime }: Message): S3Event {
  const name = textOf(eventName).replace(/^s3:/, "");
  // Keys are encoded as in an HTML form: a plus means a space.
  const key = decoded(textOf(s3?.object?.key).replaceAll("+", " "));
  return toEvent({ name, time: eventTime, bucket: s3?.bucket?.name, key, object: s3?.object });
}

/** The names of events in EventBridge, with the names that S3 has for the same events. */
const DETAIL_TYPES: ReadonlyMap<string, string> = new Map([
  ["Object Created", "ObjectCreated"],
  ["Object Deleted", "ObjectRemoved"],
  ["Object Restore Completed", "ObjectRestore:Completed"],
  ["Object Restore Initiated", "ObjectRestore:Post"],
  ["Object Restore Expired", "ObjectRestore:Delete"],
]);

function fromEventBridge({ detail, time, "detail-type": detailType }: Message): S3Event {
  const type = textOf(detailType);
  const reason = typeof detail?.reason === "string" ? `:${detail.reason}` : "";
  const name = `${DETAIL_TYPES.get(type) ?? type}${reason}`;
  return toEvent({
    name,
    time,
    bucket: detail?.bucket?.name,
    key: textOf(detail?.object?.key),
    object: detail?.object,
  });
}

function toEvent(found: {
  readonly name: string;
  readonly time: unknown;
  readonly bucket: unknown;
  readonly key: string;
  readonly object: EventObject | null | undefined;
}): S3Event {
  const { name, key } = found;
  const object = found.object ?? {};
  const bucket = textOf(found.bucket);
  const { size } = object;
  const time = typeof found.time === "string" ? new Date(found.time) : undefined;
  const etag = textIfAny(object.eTag ?? object.etag);
  return {
    type: typeOf(name),
    name,
    bucket,
    key,
    ref: `s3://${bucket}/${encodeKeyPath(key)}`,
    ...(time !== undefined && !Number.isNaN(time.getTime()) && { time }),
    ...(isSize(size) && { size }),
    ...(etag !== undefined && { etag: `"${etag.replaceAll('"', "")}"` }),
    ...textField("version", object.versionId ?? object["version-id"]),
    ...textField("sequencer", object.sequencer),
  };
}

function typeOf(name: string): S3Event["type"] {
  if (name.startsWith("ObjectCreated")) return "created";
  if (name.startsWith("ObjectRemoved") || name.startsWith("LifecycleExpiration")) return "removed";
  return name === "ObjectRestore:Completed" ? "restored" : "other";
}

function textField<Name extends string>(name: Name, value: unknown): Partial<Record<Name, string>> {
  const text = textIfAny(value);
  return text === undefined ? {} : ({ [name]: text } as Record<Name, string>);
}

function textIfAny(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" && value.isWellFormed() ? value : undefined;
}

/**
 * Returns a well-formed text, and throws for any other value. JSON can contain half of a surrogate pair, but a key and
 * an address cannot.
 */
function textOf(value: unknown): string {
  if (typeof value === "string" && value !== "" && value.isWellFormed()) return value;
  throw notAnEvent();
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw notAnEvent();
  }
}

function notAnEvent(): StorageError {
  const reason = "the message is not an event of S3, directly or through SNS, SQS or EventBridge";
  return new StorageError("InvalidArgument", reason, { operation: "parseEvent", provider: "s3" });
}

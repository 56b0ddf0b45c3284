import { HEADER_NAMES, type Metadata, type ObjectHeaders } from "@stowage/core/provider";

/** The facts of an object that the file itself does not show. */
export interface Facts extends ObjectHeaders {
  readonly metadata?: Metadata | undefined;
  readonly writeId?: string | undefined;
}

const TEXTS = [...HEADER_NAMES, "writeId", "sample"] as const;

/** Returns the text of a sidecar. The text includes the key, for people who look into the file. */
export function formatFacts(key: string, facts: Facts, sample: string | undefined): string {
  return JSON.stringify({ version: 1, key, sample, ...facts });
}

/** The facts of an object, as a sidecar records them. */
export interface RecordedFacts extends Facts {
  /** The digest that identifies the bytes after a restore. Absent in old sidecars. */
  readonly sample?: string | undefined;
}

/** Returns the facts in a sidecar, or `undefined` if the text is not a sidecar of this key. */
export function parseFacts(text: string, key: string): RecordedFacts | undefined {
  const content = parse(text);
  if (!isRecord(content) || content["version"] !== 1 || content["key"] !== key) return undefined;
  const { metadata } = content;
  const fits = TEXTS.every((name) => content[name] === undefined || typeof content[name] === "string");
  return fits && (metadata === undefined || isMetadata(metadata)) ? content : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isMetadata(value: unknown): value is Metadata {
  return isRecord(value) && Object.values(value).every((text) => typeof text === "string");
}

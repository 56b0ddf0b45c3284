import { HEADER_NAMES, type Metadata, type ObjectHeaders } from "@stowage/core/provider";

/** What the file itself does not say about an object. */
export interface Facts extends ObjectHeaders {
  readonly metadata?: Metadata | undefined;
  readonly writeId?: string | undefined;
}

const TEXTS = [...HEADER_NAMES, "writeId", "sample"] as const;

/** The text of a sidecar. The key is in it for people who look. */
export function formatFacts(key: string, facts: Facts, sample: string | undefined): string {
  return JSON.stringify({ version: 1, key, sample, ...facts });
}

/** Facts as a sidecar has them. */
export interface RecordedFacts extends Facts {
  /** By which the bytes are known again after they were restored; absent in old sidecars. */
  readonly sample?: string | undefined;
}

/** The facts in a sidecar, or `undefined` when it is not one of this key. */
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

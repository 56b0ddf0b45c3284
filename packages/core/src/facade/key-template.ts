import { createHash } from "node:crypto";
import { toBody, type BodyInput } from "../body/body.js";
import { consume } from "../kit/abort.js";
import { StorageError, shown } from "../contract/errors.js";
import { describeType, keyProblem } from "../contract/key.js";
import type { Body } from "../contract/provider.js";
import { replayable } from "../body/replayable.js";
import { knownNames, anyText, wholeNumber } from "../kit/options.js";

type DateName = "year" | "month" | "day" | "hour" | "timestamp";

type NamesIn<Template extends string> = Template extends `${string}{${infer Name}}${infer Rest}`
  ? Name | NamesIn<Rest>
  : never;

/** The values of a template's placeholders, except the dates and the hash, which the template computes. */
export type KeyTemplateValues<Template extends string> = {
  readonly [Name in Exclude<NamesIn<Template>, DateName | "hash">]: string | number;
};

type TextToHash<Template extends string> =
  "hash" extends NamesIn<Template>
    ? { /** The text that `{hash}` is the digest of. */ readonly hash: string }
    : unknown;

export interface KeyTemplateOptions {
  /**
   * The date for `{year}` and the other date placeholders, in UTC.
   *
   * @default now
   */
  readonly date?: Date | undefined;
}

/** The options of {@link KeyTemplate.forBody}. */
export interface KeyForBodyOptions extends KeyTemplateOptions {
  /**
   * The maximum size of the body, in bytes. A longer body is refused before a key is made.
   *
   * @default no limit
   */
  readonly maxBytes?: number | undefined;
}

/** A key that was made for a body, together with a body that can still be put. */
export interface KeyForBody {
  readonly key: string;
  /** A body with the same bytes. Put this body, because the original stream has already been read. */
  readonly body: BodyInput;
  /** Releases the temporary file of a long stream. Call this function after the body has been put. */
  readonly release: () => Promise<void>;
}

/** A template that makes keys in one form. */
export interface KeyTemplate<Template extends string> {
  readonly template: Template;
  /**
   * Fills the template. `{hash}` is the digest of the text that is given as `hash`.
   *
   * @throws TypeError for a missing value; StorageError `InvalidKey` if a value is empty or contains `/`, or if the result breaks
   *   a rule for keys.
   */
  readonly key: (
    values: KeyTemplateValues<Template> & TextToHash<Template>,
    options?: KeyTemplateOptions,
  ) => string;
  /**
   * Fills the template. `{hash}` is the digest of the body's bytes, and the body is read to compute it. The bytes of a one-shot
   * stream are kept: the first 1 MiB in memory, the rest in a temporary file.
   *
   * @throws StorageError `TooLarge` for a body above `maxBytes`, `SourceError` for a body that fails.
   */
  readonly forBody: (
    body: BodyInput,
    values: KeyTemplateValues<Template>,
    options?: KeyForBodyOptions,
  ) => Promise<KeyForBody>;
}

/**
 * The number of hexadecimal digits of a SHA-256 in a key. With these 128 bits, two different bodies never get the same digits in
 * practice.
 */
const HASH_DIGITS = 32;

const PLACEHOLDER = /\{([A-Za-z][A-Za-z0-9_]*)\}/g;

/**
 * Makes a template for keys in one form: `keyTemplate("videos/{videoId}/{name}_{quality}.{ext}")`.
 *
 * In addition to your own placeholders, these are predefined: `{year} {month} {day} {hour}` (UTC, padded with zeros),
 * `{timestamp}` (milliseconds since 1970) and `{hash}` (SHA-256, the first 32 digits).
 *
 * @throws TypeError if the template has a brace that does not belong to a placeholder.
 * @example
 * ```ts
 * const videoKey = keyTemplate("videos/{videoId}/{name}_{quality}.{ext}");
 * videoKey.key({ videoId: 42, name: "intro", quality: "720p", ext: "mp4" }); // "videos/42/intro_720p.mp4"
 * ```
 */
export function keyTemplate<const Template extends string>(template: Template): KeyTemplate<Template> {
  anyText("keyTemplate", "template", template, 'a text such as "videos/{videoId}.mp4"');
  if (/[{}]/.test(template.replace(PLACEHOLDER, ""))) {
    throw new TypeError(`The template ${shown(template)} has a brace outside a placeholder`);
  }
  return {
    template,
    key: (values, options = {}) => {
      knownNames("keyTemplate.key", options, { date: true });
      const { hash } = values as { hash?: unknown };
      if (template.includes("{hash}") && typeof hash !== "string") {
        throw new TypeError(`The template ${shown(template)} needs a string for {hash}`);
      }
      return fill(template, values, options, typeof hash === "string" ? digest(Buffer.from(hash)) : "");
    },
    forBody: async (input, values, options = {}) => {
      knownNames("keyTemplate.forBody", options, { date: true, maxBytes: true });
      const { maxBytes } = options;
      if (maxBytes !== undefined) wholeNumber("keyTemplate.forBody", "maxBytes", maxBytes);
      const body = await toBody(input, { maxBytes, provider: "keyTemplate" });
      const kept = replayable(body, { maxBytes: Number.POSITIVE_INFINITY });
      try {
        const hash = template.includes("{hash}") ? await digestOf(kept) : "";
        const key = fill(template, values, options, hash);
        return { key, body: body.replayable ? input : () => kept.open(), release: () => kept.release() };
      } catch (error) {
        await kept.release();
        throw error;
      }
    },
  };
}

function fill(
  template: string,
  values: object,
  { date = new Date() }: KeyTemplateOptions,
  hash: string,
): string {
  const all: Record<string, unknown> = { ...values, ...datesOf(date), hash };
  const key = template.replace(PLACEHOLDER, (_, name: string) => valueText(template, name, all[name]));
  const problem = keyProblem(key);
  if (problem === undefined) return key;
  throw invalid(`${problem}; the template is ${shown(template)}`, key);
}

function valueText(template: string, name: string, value: unknown): string {
  if (typeof value !== "string" && !Number.isFinite(value)) {
    const given = typeof value === "number" ? String(value) : describeType(value);
    throw new TypeError(`The template ${shown(template)} needs a value for {${name}}, not ${given}`);
  }
  const text = String(value);
  if (text === "") throw invalid(`the value for {${name}} is empty`, template);
  if (text.includes("/")) throw invalid(`the value for {${name}} contains "/"`, template);
  return text;
}

function datesOf(date: Date): Record<DateName, string> {
  if (Number.isNaN(date.getTime())) throw new TypeError("date must be a valid Date");
  const [year = "", month = "", day = "", hour = ""] = date.toISOString().split(/[-T:]/);
  return { year, month, day, hour, timestamp: String(date.getTime()) };
}

function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex").slice(0, HASH_DIGITS);
}

async function digestOf(body: Body): Promise<string> {
  if (body.bytes !== undefined) return digest(body.bytes);
  const hash = createHash("sha256");
  await consume(body.open(), undefined, (chunk) => void hash.update(chunk));
  return hash.digest("hex").slice(0, HASH_DIGITS);
}

function invalid(reason: string, key: string): StorageError {
  return new StorageError("InvalidKey", reason, { operation: "makeKey", provider: "keyTemplate", key });
}

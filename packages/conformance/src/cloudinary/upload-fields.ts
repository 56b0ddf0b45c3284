import { Refusal } from "./refusal.js";
import type { Fields } from "./signature.js";

const COMMON = "timestamp api_key signature";

const STORED =
  "public_id type context tags metadata invalidate headers access_mode access_control asset_folder display_name eager " +
  "eager_async notification_url moderation";

/** The fields that each call accepts. Any other field is refused, for example a secret that a client sends by mistake. */
const KNOWN: Readonly<Record<string, ReadonlySet<string>>> = {
  upload: names(
    STORED,
    "file overwrite use_filename unique_filename folder format allowed_formats upload_preset return_delete_token",
    "filename_override public_id_prefix async backup",
  ),
  explicit: names(STORED),
  destroy: names("public_id type invalidate notification_url"),
  rename: names(
    "from_public_id to_public_id overwrite invalidate to_type type context metadata notification_url",
  ),
  download: names("public_id format type attachment expires_at target_filename"),
};

function names(...lists: readonly string[]): ReadonlySet<string> {
  return new Set([COMMON, ...lists].join(" ").split(" "));
}

export function assertKnown(action: string, fields: Fields): void {
  const unknown = Object.keys(fields).find((name) => KNOWN[action]?.has(name) !== true);
  if (unknown !== undefined) throw new Refusal(400, `Unknown parameter - ${unknown}`);
}

export function textOf(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

export function required(fields: Fields, name: string): string {
  const value = textOf(fields, name);
  if (value === undefined) throw new Refusal(400, `Missing required parameter - ${name}`);
  return value;
}

/** Returns a field as a boolean. The SDK writes `1`, `0`, `true` or `false`. */
export function flagOf(fields: Fields, name: string): boolean | undefined {
  const value = textOf(fields, name);
  return value === undefined ? undefined : value === "1" || value === "true";
}

/** Parses a context of the form `a=b|c=d`. A backslash escapes the `|`, `=` or backslash after it. */
export function contextOf(text: string | undefined): Record<string, string> {
  const context: Record<string, string> = {};
  for (const pair of split(text ?? "", "|")) {
    const [name = "", ...rest] = split(pair, "=");
    if (name !== "") context[plain(name)] = plain(rest.join("="));
  }
  return context;
}

function split(text: string, mark: "|" | "="): string[] {
  return text.split(mark === "|" ? /(?<!\\)\|/ : /(?<!\\)=/);
}

function plain(text: string): string {
  return text.replace(/\\([|=\\])/g, "$1");
}

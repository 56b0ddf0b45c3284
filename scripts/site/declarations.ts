// Tables of what the code declares with a comment: the events and the environment variables.
import { readFileSync } from "node:fs";
import ts from "typescript";
import type { StorageEvent } from "../../packages/core/src/index.js";
import { tableOf } from "./table.js";

const EVENTS = "packages/core/src/contract/event.ts";
const VARIABLES = "packages/stowage/src/variables.ts";

/** What `createMetrics` counts for each event. */
const COUNTED: Record<StorageEvent["type"], string> = {
  operation:
    "`stowage_operations_total{operation,provider,outcome}`, `stowage_operation_seconds`, `stowage_bytes_total` of what was written",
  attempt:
    "`stowage_attempts_total{operation,provider,outcome}`, `stowage_attempt_seconds{operation,provider}`, `stowage_attempt_bytes_total`",
  read: '`stowage_bytes_total{operation="get",provider}`, `stowage_read_seconds{provider}`',
  retry: "`stowage_retries_total`, `stowage_retry_tokens`",
  fallback: "`stowage_fallbacks_total{from,to,reason}`",
  degraded: "`stowage_degraded_writes_total`",
  suspect: "`stowage_suspects_total`",
  verified: "`stowage_verified_total{outcome}`",
  stale: "`stowage_stale_prevented_total`",
  wrongBytes: "`stowage_wrong_bytes_total`",
  repaired: "`stowage_repairs_total{from,to}`",
  repairFailed: "`stowage_repair_failures_total`",
  adopted: "`stowage_adopted_total`",
  expired: "`stowage_expired_total`",
  breaker: "`stowage_breaker_open{provider,kind}`",
  hedge: "`stowage_hedges_total{won}`",
  extra: "",
  percent: "",
  unconfirmed: "",
  skipped: "",
  ignored: "",
};

function sourceOf(path: string): ts.SourceFile {
  const text = readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
  return ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true);
}

/** Returns the comment of a declaration on one line. @throws Error when there is none. */
function sentencesOf(node: ts.Node, what: string): string {
  const [comment] = ts.getJSDocCommentsAndTags(node);
  const text = ts.getTextOfJSDocComment(comment?.comment)?.replaceAll(/\s+/g, " ").trim();
  if (text === undefined || text === "") throw new Error(`${what} has no sentence that says what it is`);
  return text;
}

/** Renders the events, in the order of {@link COUNTED}. @throws Error for an event without a sentence. */
export function eventTable(): string {
  const fields = new Map<string, readonly [meaning: string, fields: string]>();
  const visit = (node: ts.Node): void => {
    if (ts.isTypeLiteralNode(node)) {
      const members = node.members.filter(ts.isPropertySignature);
      const type = members.find(({ name }) => name.getText() === "type");
      const value = type?.type?.getText().replaceAll('"', "") ?? "";
      if (type !== undefined) {
        const others = members.filter((member) => member !== type).map(({ name }) => `\`${name.getText()}\``);
        fields.set(value, [sentencesOf(type, `The event ${value}`), others.join(", ")]);
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(sourceOf(EVENTS));
  const rows = Object.entries(COUNTED).map(([type, counted]) => {
    const [meaning, others] = fields.get(type) ?? [undefined, undefined];
    if (meaning === undefined) throw new Error(`${EVENTS} declares no event ${type}`);
    return [`\`${type}\``, meaning, others, counted];
  });
  return tableOf(["event", "when", "fields", "counted as"], rows);
}

/** Renders the environment variables, in the order of the code. @throws Error for a variable without a sentence. */
export function variableTable(): string {
  const rows: string[][] = [];
  const visit = (node: ts.Node): void => {
    if (!ts.isVariableDeclaration(node) || node.name.getText() !== "VARIABLES")
      return ts.forEachChild(node, visit);
    const { initializer } = node;
    if (initializer === undefined || !ts.isObjectLiteralExpression(initializer)) return;
    for (const property of initializer.properties.filter(ts.isPropertyAssignment)) {
      const name = property.name.getText();
      const texts = property.initializer.getText();
      const aliases = /aliases: \[([^\]]*)\]/.exec(texts)?.[1]?.replaceAll('"', "`") ?? "";
      const example = /example: "([^"]*)"/.exec(texts)?.[1] ?? "";
      rows.push([`\`${name}\``, aliases, sentencesOf(property, name), `\`${example}\``]);
    }
  };
  visit(sourceOf(VARIABLES));
  return tableOf(["variable", "also under the name", "meaning", "example"], rows);
}

/**
 * Reads the documentation comments of every package, and fails when one breaks the rules of docs/internals/writing.md:
 *
 * - every export of a package has a sentence;
 * - a function's first sentence begins with a verb in the third person, a type's with a noun;
 * - every optional option says its `@default`.
 *
 * Sentences that broke the second rule when it was made are listed in docs/internals/comments-to-mend.txt, which may only
 * shrink.
 *
 *   pnpm comments             checks
 *   pnpm comments --mended    takes what was mended off the list
 */
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { exportedNames, readComments, type Comment } from "./comments/read-comments.js";
import { sentenceProblem } from "./comments/sentences.js";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const LIST = path.join(ROOT, "docs/internals/comments-to-mend.txt");

/** The modules that people import from, below `src`. */
const DOORS = ["index.ts", "provider.ts", "journal.ts", "setup/index.ts"];

const RULE =
  "a function's first sentence begins with a verb in the third person (“Returns …”), a type's with a noun: see docs/internals/writing.md.";

/** How long the list was when it was last looked at. Lower it when the list has shrunk; never raise it. */
const LISTED_MAX = 537;

const problems: string[] = [];
const offenders = new Set<string>();
for (const name of readdirSync(path.join(ROOT, "packages"))) checkPackage(name);
compareWithList();
for (const problem of problems) console.error(`✗ ${problem}`);
console.log(`${offenders.size} comments to mend, ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;

function checkPackage(name: string): void {
  const source = path.join(ROOT, "packages", name, "src");
  const comments = readComments(source);
  for (const comment of comments) {
    const problem = sentenceProblem(comment);
    if (problem !== undefined) offenders.add(`${name} ${comment.name}: ${firstLine(comment)}`);
    for (const option of comment.withoutDefault) {
      problems.push(`${name}/src/${comment.file}: ${comment.name}.${option} has no @default.`);
    }
  }
  const documented = new Set(comments.filter(({ text }) => text !== "").map((each) => each.name));
  for (const door of DOORS.filter((file) => existsSync(path.join(source, file)))) {
    for (const each of exportedNames(path.join(source, door))) {
      if (documented.has(each)) continue;
      problems.push(`${name}/src/${door}: ${each} is exported without a sentence that says what it is.`);
    }
  }
}

function firstLine({ text }: Comment): string {
  return text.slice(0, 100);
}

/** What is new on the list fails, and so does what was mended and is still there: the list only shrinks. */
function compareWithList(): void {
  const listed = readFileSync(LIST, "utf8").split("\n").filter(Boolean);
  if (process.argv.includes("--mended")) {
    writeFileSync(
      LIST,
      listed
        .filter((each) => offenders.has(each))
        .map((each) => `${each}\n`)
        .join(""),
    );
    return;
  }
  if (listed.length > LISTED_MAX) {
    problems.push(`the list has ${listed.length} lines, and had ${LISTED_MAX}: write the sentence instead.`);
  }
  for (const each of offenders) {
    if (!listed.includes(each)) problems.push(`${each} — ${RULE}`);
  }
  for (const each of listed) {
    if (!offenders.has(each)) problems.push(`${each} — it is mended: run pnpm comments --mended.`);
  }
}

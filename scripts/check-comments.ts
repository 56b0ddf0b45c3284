/**
 * Reads the documentation comments of every package, and fails when one breaks the rules of docs/internals/writing.md:
 *
 * - every export of a package has a sentence;
 * - a function's first sentence begins with a verb in the third person, a type's with a noun;
 * - every optional option says its `@default`.
 *
 *   pnpm comments
 */
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { exportedNames, readComments } from "./comments/read-comments.js";
import { sentenceProblem } from "./comments/sentences.js";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** The modules that people import from, below `src`. */
const DOORS = ["index.ts", "provider.ts", "journal.ts", "setup/index.ts"];

const RULE =
  "A function's first sentence begins with a verb in the third person (“Returns …”), a type's with a noun: see docs/internals/writing.md.";

const problems: string[] = [];
for (const name of readdirSync(path.join(ROOT, "packages"))) checkPackage(name);
for (const problem of problems) console.error(`✗ ${problem}`);
console.log(`${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;

function checkPackage(name: string): void {
  const source = path.join(ROOT, "packages", name, "src");
  const comments = readComments(source);
  for (const comment of comments) {
    const { file, name: declared, text } = comment;
    const problem = sentenceProblem(comment);
    if (problem !== undefined)
      problems.push(`${name}/src/${file}: ${declared}: “${text.slice(0, 100)}”: ${problem}. ${RULE}`);
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

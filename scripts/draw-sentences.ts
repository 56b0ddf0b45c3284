// Draws sentences at random from comments, messages and guides, for a reader who says which had to be read twice:
// `draw-sentences SEED COUNT`. The same seed draws the same sentences.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const ROOT = process.argv[4] ?? fileURLToPath(new URL("..", import.meta.url));
const WORDS_MIN = 5;

function filesIn(folder: string, ends: RegExp): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => ends.test(name) && !/node_modules|dist\/|\.test|test-support|testing\//.test(name))
    .map((name) => join(ROOT, folder, name))
    .toSorted();
}

function sentencesOf(text: string): string[] {
  return text
    .replaceAll(/\s+/g, " ")
    .trim()
    .split(/(?<=[.:!?]) (?=[A-Z`*])/)
    .filter((sentence) => sentence.split(" ").length >= WORDS_MIN);
}

function fromGuide(text: string): string[] {
  const prose = text
    .replaceAll(/<!-- ([a-z-]+) -->.*?<!-- \/\1 -->/gs, "")
    .replaceAll(/^```.*?^```$/gms, "")
    .replaceAll(/^(?:\||#|<|:::).*$/gm, "")
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1");
  return prose.split(/\n\n|\n(?=- )/).flatMap((block) => sentencesOf(block.replace(/^\s*-\s+/, "")));
}

/** Returns the comments of a file. Lines that begin with two slashes and follow each other are one comment. */
function commentsOf(text: string): string[] {
  const whole = text.replaceAll(/^[ \t]*\/\/.*(?:\n[ \t]*\/\/.*)+/gm, (lines) =>
    lines.replaceAll(/\n[ \t]*\/\//g, ""),
  );
  const scanner = ts.createScanner(ts.ScriptTarget.Latest, false, ts.LanguageVariant.Standard, whole);
  const found: string[] = [];
  for (let token = scanner.scan(); token !== ts.SyntaxKind.EndOfFileToken; token = scanner.scan()) {
    const isComment =
      token === ts.SyntaxKind.MultiLineCommentTrivia || token === ts.SyntaxKind.SingleLineCommentTrivia;
    if (isComment) found.push(scanner.getTokenText());
  }
  return found;
}

/** Reads the comments of a file, and the texts that have spaces: messages, reasons, titles. */
function fromCode(text: string): { readonly comments: string[]; readonly messages: string[] } {
  const source = ts.createSourceFile("code.ts", text, ts.ScriptTarget.Latest, true);
  const comments = commentsOf(text).flatMap((comment) =>
    sentencesOf(
      comment
        .replaceAll(/\{@link ([^}]+)\}/g, "`$1`")
        .replaceAll(/^\/[*/]+|\*\/$/g, "")
        .replaceAll(/^\s*\*+ ?/gm, "")
        // Tags with all lines that belong to them: they are no sentences.
        .replaceAll(/(?:^|\n)\s*@\w+[^]*?(?=\n\s*@|$)/g, ""),
    ),
  );
  const messages: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) messages.push(node.text);
    else if (ts.isTemplateExpression(node)) messages.push(node.getText().slice(1, -1));
    else ts.forEachChild(node, visit);
  };
  visit(source);
  const isMessage = (one: string): boolean =>
    one.split(" ").length >= WORDS_MIN && !/SELECT|INSERT|CREATE|UPDATE|DELETE FROM/.test(one);
  return { comments, messages: messages.filter(isMessage) };
}

/** Returns numbers from 0 to 1 that depend on the seed alone. */
function drawing(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

const code = filesIn("packages", /src\/.*\.ts$/).map((path) => fromCode(readFileSync(path, "utf8")));
const pools = [
  ["comment", code.flatMap(({ comments }) => comments)],
  ["message", code.flatMap(({ messages }) => messages)],
  [
    "guide",
    [...filesIn("docs", /(?:guide|stores|migrate)\/.*\.md$/), join(ROOT, "README.md")].flatMap((path) =>
      fromGuide(readFileSync(path, "utf8")),
    ),
  ],
] as const;
const [seed = 1, count = 10] = process.argv.slice(2, 4).map(Number);
const draw = drawing(seed);
for (let index = 0; index < count; index++) {
  const [kind, pool] = pools[index % pools.length] ?? pools[0];
  process.stdout.write(`${kind}: ${pool[Math.floor(draw() * pool.length)] ?? ""}\n`);
}

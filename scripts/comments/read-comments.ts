import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import ts from "typescript";

/** The documentation of one declaration. */
export interface Comment {
  /** Below `src`. */
  readonly file: string;
  readonly name: string;
  readonly kind: "function" | "type" | "value";
  /** Without tags, on one line; empty when there is none. */
  readonly text: string;
  /** Optional members of a type whose name ends with "Options" that do not say their default. */
  readonly withoutDefault: readonly string[];
}

/** Tests explain themselves by their titles. */
const IS_TEST = /(?:\.test|\.test-d|\.test-support)\.ts$|(?:^|\/)testing\//;

/** Reads the documentation of every declaration at the top of a file below a folder. */
export function readComments(folder: string): readonly Comment[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((entry) => entry.split(path.sep).join("/"))
    .filter((file) => file.endsWith(".ts") && !IS_TEST.test(file))
    .flatMap((file) => {
      const { statements } = parse(path.join(folder, file));
      return statements.flatMap((statement) => commentsOf(file, statement));
    });
}

/** Returns the names that a module exports of other files. */
export function exportedNames(module: string): readonly string[] {
  return parse(module).statements.flatMap((statement) => {
    if (!ts.isExportDeclaration(statement)) return [];
    const { exportClause, moduleSpecifier } = statement;
    const isOwn = moduleSpecifier !== undefined && moduleSpecifier.getText().startsWith('"./');
    if (!isOwn || exportClause === undefined || !ts.isNamedExports(exportClause)) return [];
    return exportClause.elements.map(({ name, propertyName }) => (propertyName ?? name).text);
  });
}

function parse(file: string): ts.SourceFile {
  return ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);
}

function commentsOf(file: string, statement: ts.Statement): readonly Comment[] {
  const text = textOf(statement);
  if (ts.isFunctionDeclaration(statement)) {
    return [{ file, name: statement.name?.text ?? "default", kind: "function", text, withoutDefault: [] }];
  }
  if (ts.isInterfaceDeclaration(statement)) {
    const withoutDefault = statement.name.text.endsWith("Options") ? membersWithoutDefault(statement) : [];
    return [{ file, name: statement.name.text, kind: "type", text, withoutDefault }];
  }
  if (ts.isTypeAliasDeclaration(statement) || ts.isClassDeclaration(statement)) {
    return [{ file, name: statement.name?.text ?? "default", kind: "type", text, withoutDefault: [] }];
  }
  if (!ts.isVariableStatement(statement)) return [];
  return statement.declarationList.declarations.map(({ name }) => ({
    file,
    name: name.getText(),
    kind: "value",
    text,
    withoutDefault: [],
  }));
}

function textOf(node: ts.Node): string {
  const comment = ts.getJSDocCommentsAndTags(node).findLast(ts.isJSDoc)?.comment;
  return (ts.getTextOfJSDocComment(comment) ?? "").replaceAll(/\s+/g, " ").trim();
}

function membersWithoutDefault({ members }: ts.InterfaceDeclaration): readonly string[] {
  return members
    .filter((member) => ts.isPropertySignature(member) && member.questionToken !== undefined)
    .filter((member) => ts.getJSDocTags(member).every(({ tagName }) => tagName.text !== "default"))
    .map((member) => member.name?.getText() ?? "");
}

import path from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { tableOf } from "./table.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The interface whose options a table lists. */
interface OptionsPlace {
  /** The file, from the root of the repository. */
  readonly file: string;
  readonly name: string;
}

/** One option of an interface, as a reader needs it. */
interface Option {
  readonly name: string;
  readonly type: string;
  readonly default: string;
  readonly meaning: string;
}

/**
 * Writes the options of interfaces as Markdown tables: name, type, default and meaning, in the order of the code. Reads
 * all interfaces with one compiler, because starting the compiler takes the most time.
 *
 * @throws Error that names every option without a sentence, and every optional one without a `@default`.
 */
export function optionTables(places: readonly OptionsPlace[]): readonly string[] {
  const files = places.map(({ file }) => path.join(ROOT, file));
  const { config } = ts.readConfigFile(path.join(ROOT, "tsconfig.base.json"), (file) =>
    ts.sys.readFile(file),
  ) as {
    config: object;
  };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
  const program = ts.createProgram(files, { ...options, noEmit: true });
  const checker = program.getTypeChecker();
  const found = places.map((place) => optionsOf(interfaceIn(program, place), checker));
  const problems = found.flatMap((each, index) =>
    each.flatMap((option) => problemsOf(option, places[index])),
  );
  if (problems.length > 0) throw new Error(problems.join("\n"));
  return found.map((each) =>
    tableOf(
      ["option", "type", "default", "meaning"],
      each.map(({ name, type, default: value, meaning }) => [`\`${name}\``, `\`${type}\``, value, meaning]),
    ),
  );
}

function interfaceIn(program: ts.Program, { file, name }: OptionsPlace): ts.InterfaceDeclaration {
  const source = program.getSourceFile(path.join(ROOT, file));
  const isWanted = (node: ts.Statement): node is ts.InterfaceDeclaration =>
    ts.isInterfaceDeclaration(node) && node.name.text === name;
  const found = source?.statements.find(isWanted);
  if (found === undefined) throw new Error(`${file} has no interface ${name}`);
  return found;
}

const REQUIRED = "required";

function optionsOf({ members }: ts.InterfaceDeclaration, checker: ts.TypeChecker): readonly Option[] {
  return members.filter(ts.isPropertySignature).map((member) => {
    const comment = ts.getJSDocCommentsAndTags(member).findLast(ts.isJSDoc)?.comment;
    const tag = ts.getJSDocTags(member).find(({ tagName }) => tagName.text === "default");
    return {
      name: member.name.getText(),
      type: typesIn(member.type, checker).join(" | "),
      default: member.questionToken === undefined ? REQUIRED : sentenceOf(tag?.comment),
      meaning: sentenceOf(comment),
    };
  });
}

/** Returns a comment on one line. A link becomes the name that it links to. */
function sentenceOf(comment: Parameters<typeof ts.getTextOfJSDocComment>[0]): string {
  const text = (ts.getTextOfJSDocComment(comment) ?? "").replaceAll(/\s+/g, " ").trim();
  return text.replaceAll(/\{@link (\w+)\s*\}/g, "`$1`");
}

/** Returns the types that a value may have, without `undefined`. A name for a few literals becomes these literals. */
function typesIn(node: ts.TypeNode | undefined, checker: ts.TypeChecker): readonly string[] {
  if (node === undefined || node.kind === ts.SyntaxKind.UndefinedKeyword) return [];
  if (ts.isUnionTypeNode(node)) return node.types.flatMap((each) => typesIn(each, checker));
  if (!ts.isTypeReferenceNode(node) || node.typeArguments !== undefined) return [node.getText()];
  const { typeName } = node;
  const type = checker.getTypeFromTypeNode(node);
  if (type.isUnion() && type.types.every((each) => each.isStringLiteral())) {
    return type.types.map((each) => checker.typeToString(each));
  }
  const symbol = checker.getSymbolAtLocation(typeName);
  const isImported = symbol !== undefined && (symbol.flags & ts.SymbolFlags.Alias) !== 0;
  const target = isImported ? checker.getAliasedSymbol(symbol).name : typeName.getText();
  return [target === "unknown" ? typeName.getText() : target];
}

function problemsOf(option: Option, place: OptionsPlace | undefined): readonly string[] {
  const title = `${place?.file}: ${place?.name}.${option.name}`;
  return [
    ...(option.meaning === "" ? [`${title} has no sentence.`] : []),
    ...(option.default === "" ? [`${title} has no @default.`] : []),
  ];
}

import { execFile } from "node:child_process";
import { mkdtemp, readFile, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const run = promisify(execFile);
const root = fileURLToPath(new URL("..", import.meta.url));

interface Snippet {
  /** Where it stands: the file, and which of its blocks. */
  readonly title: string;
  readonly code: string;
}

const snippets = await findSnippets();
let folder: string;

async function findSnippets(): Promise<readonly Snippet[]> {
  const guides = await readdir(join(root, "docs/guide"));
  const packages = await readdir(join(root, "packages"));
  const pages = [
    "README.md",
    ...guides.map((name) => `docs/guide/${name}`),
    ...packages.map((name) => `packages/${name}/README.md`),
  ];
  const found: Snippet[] = [];
  for (const page of pages) {
    const blocks = (await readFile(join(root, page), "utf8")).matchAll(/^```ts\n(.*?)^```$/gms);
    for (const [index, [, code = ""]] of [...blocks].entries())
      found.push({ title: `${page} ${index + 1}`, code });
  }
  return found;
}

function fileOf({ title }: Snippet): string {
  return join(folder, `${title.replaceAll(/[^A-Za-z0-9]+/g, "-")}.ts`);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "stowage-docs-"));
  await symlink(join(root, "docs/node_modules"), join(folder, "node_modules"));
  await writeFile(join(folder, "package.json"), '{ "type": "module" }');
  for (const snippet of snippets) await writeFile(fileOf(snippet), `${snippet.code}\nexport {};\n`);
});

afterAll(() => rm(folder, { recursive: true }));

describe("the code in the documentation", () => {
  it("compiles", () => {
    const { config } = ts.readConfigFile(join(root, "tsconfig.base.json"), ts.sys.readFile) as {
      config: object;
    };
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
    const program = ts.createProgram(snippets.map(fileOf), {
      ...options,
      noEmit: true,
      isolatedDeclarations: false,
      declaration: false,
      typeRoots: [join(root, "node_modules/@types")],
    });
    const problems = ts.getPreEmitDiagnostics(program).map(({ file, messageText }) => {
      return `${file?.fileName ?? ""}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
    });
    expect(problems).toEqual([]);
  });

  const tsx = createRequire(import.meta.url).resolve("tsx");
  it.each(snippets)("$title runs", { timeout: 60_000 }, async (snippet) => {
    const { stderr } = await run(process.execPath, ["--import", tsx, fileOf(snippet)], { cwd: folder });
    expect(stderr).not.toContain("Error");
  });
});

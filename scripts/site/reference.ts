// Writes the reference of functions and types into the site, from the doc comments of the packages.
import { readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Application, ReflectionKind, type DeclarationReflection, type ProjectReflection } from "typedoc";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const OUT = join(ROOT, "docs/reference/api");

/** Options of the plugins, which TypeDoc's own types do not know. */
const PLUGIN_OPTIONS = {
  out: OUT,
  docsRoot: join(ROOT, "docs"),
  hideBreadcrumbs: true,
  hidePageHeader: true,
  entryFileName: "index",
  outputFileStrategy: "modules",
  useCodeBlocks: false,
};

/** The entry points, by what an application imports. */
const ENTRIES: Readonly<Record<string, string>> = {
  "@stowage/core": "core/src/index.ts",
  "@stowage/core/provider": "core/src/provider.ts",
  "@stowage/core/journal": "core/src/journal.ts",
  "@stowage/local": "local/src/index.ts",
  "@stowage/s3": "s3/src/index.ts",
  "@stowage/s3/setup": "s3/src/setup/index.ts",
  "@stowage/cloudinary": "cloudinary/src/index.ts",
  "@stowage/journal": "journal/src/index.ts",
  "@stowage/http": "http/src/index.ts",
  stowage: "stowage/src/index.ts",
  "@stowage/conformance": "conformance/src/index.ts",
  "@stowage/conformance/http": "conformance/src/http.ts",
};

/** Writes the pages. Returns a line for each export without a sentence. */
export async function writeReference(): Promise<readonly string[]> {
  const app = await Application.bootstrapWithPlugins({
    entryPoints: Object.values(ENTRIES).map((path) => join(ROOT, "packages", path)),
    tsconfig: join(ROOT, "tsconfig.json"),
    plugin: ["typedoc-plugin-markdown", "typedoc-vitepress-theme"],
    ...PLUGIN_OPTIONS,
    name: "Functions and types",
    readme: "none",
    disableSources: true,
    excludeInternal: true,
    // The compiler has looked already.
    skipErrorChecking: true,
    logLevel: "Error",
  });
  const project = await app.convert();
  if (project === undefined) throw new Error("TypeDoc cannot read the packages");
  nameModules(project);
  const bare = (project.children ?? []).flatMap((module) => undocumented(module));
  await rm(OUT, { recursive: true, force: true });
  await app.generateOutputs(project);
  await plainCode(OUT);
  return bare;
}

function nameModules(project: ProjectReflection): void {
  const names = new Map(
    Object.entries(ENTRIES).map(([name, path]) => [path.replace(/(\/index)?\.ts$/, ""), name]),
  );
  for (const module of project.children ?? []) {
    const name = names.get(module.name.replace(/^packages\//, ""));
    if (name === undefined) throw new Error(`TypeDoc has a module of an unknown name: ${module.name}`);
    module.name = name;
  }
}

function undocumented(module: DeclarationReflection): string[] {
  return (module.children ?? [])
    .filter((member) => !member.kindOf(ReflectionKind.Reference))
    .filter((member) => {
      const comments = [
        member,
        ...(member.signatures ?? []),
        member.type?.type === "reflection" ? member.type.declaration.signatures?.[0] : undefined,
      ];
      return !comments.some((one) => one?.comment?.hasVisibleComponent() === true);
    })
    .map((member) => `${module.name}: the export ${member.name} has no sentence`);
}

/** Signatures are no programs: the site must not compile them. */
async function plainCode(folder: string): Promise<void> {
  for (const name of await readdir(folder, { recursive: true })) {
    if (!name.endsWith(".md")) continue;
    const path = join(folder, name);
    const text = await readFile(path, "utf8");
    await writeFile(path, text.replaceAll(/^( *)```ts$/gm, "$1```typescript"));
  }
}

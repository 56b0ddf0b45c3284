import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Options } from "tsup";

type EsbuildPlugin = NonNullable<Options["esbuildPlugins"]>[number];

/**
 * The build of every package: ESM and CJS, with types for both.
 *
 * @param bundledInCjs - dependencies that are ESM only: the CJS output contains them, so that it loads no
 *   ESM. The ESM output imports them as usual.
 * @param entry - the modules that can be imported.
 */
export function packageBuild(
  bundledInCjs: readonly string[] = [],
  entry: string[] = ["src/index.ts"],
): Options {
  return {
    entry,
    // Entries of one package share their modules, in CJS too: what one knows of a provider, the other does.
    splitting: entry.length > 1,
    format: ["esm", "cjs"],
    dts: true,
    target: "node20",
    platform: "node",
    sourcemap: true,
    clean: true,
    removeNodeProtocol: false,
    noExternal: [...bundledInCjs],
    esbuildOptions: (options, { format }) => {
      if (format === "esm") options.external = [...(options.external ?? []), ...bundledInCjs];
      else options.define = { ...options.define, "import.meta.url": "__filename" };
    },
    esbuildPlugins: [licences],
  };
}

/** Writes the licences of all that was bundled beside the output, as they ask for. */
const licences: EsbuildPlugin = {
  name: "licences",
  setup(build) {
    build.onEnd(async ({ metafile }) => {
      const folders = new Set(
        Object.keys(metafile?.inputs ?? {}).flatMap((input) => packageFolder(input) ?? []),
      );
      if (folders.size === 0) return;
      const texts = await Promise.all([...folders].toSorted().map(licenceOf));
      await mkdir("dist", { recursive: true });
      await writeFile("dist/LICENSES.txt", texts.join("\n"));
    });
  },
};

const LICENCE = /^licen[cs]e(?:\.(?:md|txt))?$/i;

function packageFolder(input: string): string | undefined {
  return /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0];
}

async function licenceOf(folder: string): Promise<string> {
  const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as Record<string, string>;
  const file = (await readdir(folder)).find((name) => LICENCE.test(name));
  if (file === undefined) throw new Error(`${manifest["name"]} has no licence that could be shipped with it`);
  const text = await readFile(join(folder, file), "utf8");
  return `${manifest["name"]} ${manifest["version"]}\n\n${text}`;
}

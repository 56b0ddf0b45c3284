// Bundles a program of sources that are changed on the way: to see what tests say when a rule is missing.
import { build, type Plugin } from "esbuild";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const PACKAGES = fileURLToPath(new URL("../packages/", import.meta.url));

/** A change of one source file that switches a work-around off. */
export interface Edit {
  /** Below `packages/`. */
  readonly file: string;
  /** Found exactly once. */
  readonly replace: string;
  readonly by: string;
}

export function edit(file: string, replace: string, by: string): Edit {
  return { file, replace, by };
}

/**
 * @param external - What is loaded as it is.
 * @throws Error when an edit does not find its place exactly once.
 */
export async function bundleEdited(
  entry: string,
  outfile: string,
  edits: readonly Edit[],
  external: readonly string[],
): Promise<void> {
  const applied = new Set<Edit>();
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    logLevel: "silent",
    external: [...external],
    // What is CommonJS inside, such as mime-types, asks for Node's modules by require.
    banner: {
      js: 'import { createRequire as requireOf } from "node:module"; const require = requireOf(import.meta.url);',
    },
    plugins: [editing(edits, applied)],
  });
  const missed = edits.find((each) => !applied.has(each));
  if (missed === undefined) return;
  throw new Error(`${missed.file} has not exactly one ${JSON.stringify(missed.replace)}`);
}

function editing(edits: readonly Edit[], applied: Set<Edit>): Plugin {
  return {
    name: "edits",
    setup: (made) => {
      made.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        let contents = await readFile(path, "utf8");
        for (const each of edits) {
          if (path !== join(PACKAGES, each.file)) continue;
          const pieces = contents.split(each.replace);
          if (pieces.length !== 2) continue;
          contents = pieces.join(each.by);
          applied.add(each);
        }
        return { contents, loader: "ts" };
      });
    },
  };
}

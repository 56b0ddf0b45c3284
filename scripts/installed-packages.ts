// Installs the packages as users have them: built, packed, and from their tarballs.
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const execute = promisify(execFile);
const ROOT = fileURLToPath(new URL("..", import.meta.url));

/**
 * Makes a folder of a program in which the built packages are installed. With `STOWAGE_BUILT=true` it takes what was built before.
 *
 * @param names - Which ones: `"core"`.
 * @param others - Packages of the registry beside them.
 * @param root - The checkout that they are built from.
 */
export async function installPackages(
  folder: string,
  names: readonly string[],
  others: readonly string[] = [],
  root: string = ROOT,
): Promise<void> {
  if (root !== ROOT || process.env["STOWAGE_BUILT"] !== "true")
    await execute("npx", ["-y", "pnpm@12", "build"], { cwd: root, maxBuffer: 2 ** 26 });
  await mkdir(folder, { recursive: true });
  const tarballs: string[] = [];
  for (const name of names) {
    const pack = ["-y", "pnpm@12", "pack", "--json", "--pack-destination", folder];
    const { stdout } = await execute("npx", pack, { cwd: join(root, "packages", name) });
    tarballs.push(join(folder, basename((JSON.parse(stdout) as { readonly filename: string }).filename)));
  }
  await writeFile(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
  const install = ["install", "--no-audit", "--no-fund", "--prefer-offline", ...tarballs, ...others];
  await execute("npm", install, { cwd: folder });
}

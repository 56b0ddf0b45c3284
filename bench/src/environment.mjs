/** Where the figures come from. */
import { readFileSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { availableParallelism, cpus } from "node:os";

/** Types of `statfs`, from Linux's `magic.h`. */
const FILE_SYSTEMS = {
  0xef53: "ext4",
  0x01021994: "tmpfs",
  0x58465342: "xfs",
  0x9123683e: "btrfs",
  0x794c7630: "overlayfs",
};

export async function describeEnvironment(directory, packages) {
  const { type } = await statfs(directory);
  return {
    date: new Date().toISOString(),
    node: `${process.version} on ${process.platform} ${process.arch}`,
    processors: `${availableParallelism()} of ${cpus()[0]?.model ?? "an unknown kind"}`,
    "file system": FILE_SYSTEMS[type] ?? `type 0x${type.toString(16)}`,
    packages: packages.map((name) => `${name} ${versionOf(name)}`).join(", "),
  };
}

function versionOf(name) {
  const file = new URL(`../node_modules/${name}/package.json`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")).version;
}

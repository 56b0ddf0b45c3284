// What is installed from Debian's packages.
import { execFile } from "node:child_process";
import { access, mkdir, readFile, readdir, rename, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Command } from "./daemons.js";

const execute = promisify(execFile);
const INSTALL_MS_MAX = 600_000;

/** Programs, and the packages that have them. */
export interface Software {
  readonly title: string;
  readonly programs: readonly string[];
  readonly packages: readonly string[];
}

/**
 * Installs what is missing; needs root only then.
 *
 * @throws Error in one line when it cannot be installed.
 */
export async function install({ title, programs, packages }: Software): Promise<void> {
  if ((await Promise.all(programs.map(isInstalled))).every(Boolean)) return;
  // Several programs of this repository may install at the same time, and apt-get does not wait for its list of packages.
  const alone = ["flock", "-w", "600", join(tmpdir(), "stowage-apt.lock")];
  const apt = [...asRoot(), ...alone, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-y"];
  try {
    await run([...apt, "-o", "DPkg::Lock::Timeout=300", "update"]);
    await run([...apt, "-o", "DPkg::Lock::Timeout=300", "install", "--no-install-recommends", ...packages]);
  } catch (error) {
    const reason = lastWords(error);
    throw new Error(
      `${title} is not there and could not be installed (apt-get as root is needed): ${reason}`,
      {
        cause: error,
      },
    );
  }
}

function asRoot(): readonly string[] {
  return process.getuid?.() === 0 ? [] : ["sudo", "-n"];
}

async function isInstalled(program: string): Promise<boolean> {
  return await run(["sh", "-c", `command -v ${program}`]).then(
    () => true,
    () => false,
  );
}

/**
 * Builds a root folder of another release of Debian, once; it is kept for the next time.
 *
 * @returns Where it is.
 * @throws Error in one line without root, or when it cannot be built.
 */
export async function debianRoot(suite: string, { title, packages }: Software): Promise<string> {
  const root = join(
    process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"),
    "stowage",
    `${suite}-${packages[0]}`,
  );
  if (await exists(join(root, "etc/debian_version"))) return root;
  if (process.getuid?.() !== 0)
    throw new Error(`${title} runs in a root folder of its own, which only root can build`);
  await install({ title: "mmdebstrap", programs: ["mmdebstrap"], packages: ["mmdebstrap"] });
  const building = `${root}.building`;
  await rm(building, { recursive: true, force: true });
  await mkdir(building, { recursive: true });
  const without = ["/usr/share/man/*", "/usr/share/doc/*"].map((path) => `--dpkgopt=path-exclude=${path}`);
  try {
    await run([
      "mmdebstrap",
      "--quiet",
      "--variant=minbase",
      `--include=${packages.join(",")}`,
      '--aptopt=APT::Install-Recommends "false"',
      // Signatures are checked all the same.
      '--aptopt=Acquire::Check-Valid-Until "false"',
      ...without,
      suite,
      building,
      await mirror(),
    ]);
  } catch (error) {
    throw new Error(`${title} could not be installed into a root folder of its own: ${lastWords(error)}`, {
      cause: error,
    });
  }
  await rename(building, root);
  return root;
}

/** The archive that this machine uses. @throws Error when there is none. */
async function mirror(): Promise<string> {
  const folder = "/etc/apt/sources.list.d";
  const files = (await readdir(folder).catch(() => [])).map((name) => join(folder, name));
  for (const file of ["/etc/apt/sources.list", ...files]) {
    const text = await readFile(file, "utf8").catch(() => "");
    const found = /^(?:deb |URIs:).*?(https?:\/\/\S+\/debian)\/?(?:\s|$)/m.exec(text);
    if (found?.[1] !== undefined) return found[1];
  }
  throw new Error("No Debian archive is set up in /etc/apt");
}

/** Runs a command in another root, where the folder has the same path. Nothing stays mounted. */
export function inRoot(root: string): (command: Command, folder: string) => Command {
  const script =
    'mount -t proc proc "$1/proc"; mkdir -p "$1$2"; mount --bind "$2" "$1$2"; root=$1; shift 2; exec chroot "$root" "$@"';
  return (command, folder) => [
    "unshare",
    "--mount",
    "--propagation",
    "private",
    "sh",
    "-ec",
    script,
    "sh",
    root,
    folder,
    ...command,
  ];
}

async function run([program = "", ...args]: readonly string[]): Promise<void> {
  await execute(program, args, { timeout: INSTALL_MS_MAX, maxBuffer: 2 ** 26 });
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

function lastWords(error: unknown): string {
  const { stderr, message } = error as { readonly stderr?: string; readonly message: string };
  return (stderr?.trim() ?? message).split("\n").at(-1) ?? message;
}

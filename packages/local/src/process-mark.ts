import { readFileSync, readlinkSync } from "node:fs";
import { codeOf } from "./errno.js";

/**
 * Returns the mark of this process. The names of its temporary files begin with the mark. From the mark, other
 * processes can tell whether this process has ended.
 *
 * The mark consists of the boot id of the system, the process namespace, the process id, and the start time of the
 * process. The start time is needed because process ids are reused. The mark is empty if the system does not show these
 * facts.
 *
 * @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
 */
export function ownMark(): string {
  const [system, started] = [systemOf(), startOf("self")];
  return system === undefined || started === undefined ? "" : `${system}.${process.pid}.${started}-`;
}

const MARK = /^([0-9a-f]+\.\d+)\.(\d+)\.(\d+)-/;

/**
 * Tells from the name of a temporary file whether its process is still running. Returns `"unknown"` for a process of a
 * different host or container, and for a process from before a restart of this host.
 */
export function stateOf(name: string): "alive" | "ended" | "unknown" {
  const [, system, pid = "", started] = MARK.exec(name) ?? [];
  if (system === undefined || system !== systemOf()) return "unknown";
  if (!exists(Number(pid))) return "ended";
  const found = startOf(pid);
  return found === undefined || found === started ? "alive" : "ended";
}

/** Tells whether there is a process with this id. A process exists even if this process has no right to signal it. */
function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) !== "ESRCH";
  }
}

/**
 * Returns the boot id of the system and the number of the namespace of processes. The number alone is not enough: the
 * first namespace of every host has the same number.
 */
function systemOf(): string | undefined {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").replaceAll(/[^0-9a-f]/g, "");
    const namespace = /\d+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0];
    return boot === "" || namespace === undefined ? undefined : `${boot}.${namespace}`;
  } catch {
    return undefined;
  }
}

/**
 * Returns the time at which a process started: the 22nd field of its `stat` file. The name of the program comes before
 * this field and may contain any character. Returns `undefined` if the file cannot be read.
 */
function startOf(pid: string): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    return text.slice(text.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

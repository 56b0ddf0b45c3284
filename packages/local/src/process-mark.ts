import { readFileSync, readlinkSync } from "node:fs";
import { codeOf } from "./errno.js";

/**
 * Returns the name of this process, for the names of its temporary files, so that others can tell when it has ended: the
 * start of its system, its namespace of processes, its number there, and when it started, as numbers are given out again.
 * It is empty where the system does not say.
 *
 * @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
 */
export function ownMark(): string {
  const [system, started] = [systemOf(), startOf("self")];
  return system === undefined || started === undefined ? "" : `${system}.${process.pid}.${started}-`;
}

const MARK = /^([0-9a-f]+\.\d+)\.(\d+)\.(\d+)-/;

/**
 * Tells from the name of a temporary file whether its process lives: `"unknown"` for those of other hosts, other starts of
 * this host and other containers.
 */
export function stateOf(name: string): "alive" | "ended" | "unknown" {
  const [, system, pid = "", started] = MARK.exec(name) ?? [];
  if (system === undefined || system !== systemOf()) return "unknown";
  if (!exists(Number(pid))) return "ended";
  const found = startOf(pid);
  return found === undefined || found === started ? "alive" : "ended";
}

/** Returns whether there is a process of this number. One that may not be signalled lives all the same. */
function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) !== "ESRCH";
  }
}

/** Returns the start of the system and the namespace of processes: the first namespace has the same number on every host. */
function systemOf(): string | undefined {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").replaceAll(/[^0-9a-f]/g, "");
    const namespace = /\d+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0];
    return boot === "" || namespace === undefined ? undefined : `${boot}.${namespace}`;
  } catch {
    return undefined;
  }
}

/** Returns the 22nd field, behind the name of the program, which may hold anything; `undefined` when it is hidden. */
function startOf(pid: string): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    return text.slice(text.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

import { readFileSync, readlinkSync } from "node:fs";

/**
 * Names this process in the names of its temporary files, so that others can tell when it has ended: its namespace of
 * processes, its number there, and when it started, as numbers are given out again. Empty where the system does not say.
 *
 * @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
 */
export function ownMark(): string {
  const started = startOf("self");
  const namespace = namespaceOf();
  if (started === undefined || namespace === undefined) return "";
  return `${namespace}.${process.pid}.${started}-`;
}

const MARK = /^(\d+)\.(\d+)\.(\d+)-/;

/** Whether a temporary file is of a process that has certainly ended. Those of other containers are not judged. */
export function isOfEnded(name: string): boolean {
  const [, namespace, pid, started] = MARK.exec(name) ?? [];
  if (pid === undefined || namespace !== namespaceOf()) return false;
  return startOf(pid) !== started;
}

function namespaceOf(): string | undefined {
  try {
    return /\d+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0];
  } catch {
    return undefined;
  }
}

/** The 22nd field, counted behind the name of the program, which may hold anything. */
function startOf(pid: string): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    return text.slice(text.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

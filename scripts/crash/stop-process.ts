import { spawn } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";

export type Composer = "mirror" | "chain";
export type Kind = "small" | "large" | "parts" | "delete";

/** A write that a process is asked for. Moments are of the machine's monotonic clock, in milliseconds. */
export interface AskedWrite {
  /** Resolves when the process calls its composer. */
  readonly begun: Promise<number>;
  /** Resolves when the process stops itself, where it was asked to. */
  readonly stopping: Promise<number>;
  readonly answer: Promise<WriteAnswer>;
  readonly isAnswered: () => boolean;
}

export interface WriteAnswer {
  readonly at: number;
  /** `ok`, or the code of the error. */
  readonly outcome: string;
  readonly applied?: string;
  readonly message?: string;
}

export interface WriteCommand {
  readonly composer: Composer;
  readonly key: string;
  readonly kind: Kind;
  readonly value: string;
  /** The process stops itself where it changes this member. */
  readonly stop?: { readonly member: string; readonly moment: "look" | "start" } | undefined;
}

/** A process that writes, and that can be stopped. */
export interface StopProcess {
  readonly pid: number;
  /** Whether its members ask at the last moment. */
  readonly asks: boolean;
  readonly write: (command: WriteCommand) => AskedWrite;
  readonly ask: <Answer>(
    what: string,
    about?: { readonly composer?: Composer; readonly key?: string },
  ) => Promise<Answer>;
  readonly stop: () => void;
  /** Resolves when every thread of it is stopped. */
  readonly stopped: () => Promise<void>;
  readonly goOn: () => void;
  readonly kill: () => void;
}

type Message = Readonly<Record<string, unknown>> & { readonly id: number };

/** The moment, by the clock that all processes of the machine share. */
export function moment(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}

/** Starts a process in the folder of a program in which the packages are installed, and waits until it is ready. */
export async function startStopProcess(program: string, args: readonly string[]): Promise<StopProcess> {
  const child = spawn(process.execPath, ["stop-child.mjs", ...args], {
    cwd: program,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const pid = child.pid as number;
  const listeners = new Map<number, (message: Message) => void>();
  let ended = false;
  child.once("exit", () => (ended = true));
  createInterface({ input: child.stdout }).on("line", (line) => {
    const message = JSON.parse(line) as Message;
    listeners.get(message.id)?.(message);
  });
  let count = 0;
  const heard = <T>(id: number, field: string): Promise<T> =>
    new Promise((resolve, reject) => {
      const before = listeners.get(id);
      listeners.set(id, (message) => {
        before?.(message);
        if (field in message) resolve(message[field] as T);
        if ("answer" in message) listeners.delete(id);
      });
      child.once("close", (code) => reject(new Error(`a process that writes has ended with ${code}`)));
    });
  const send = (command: object): number => {
    const id = ++count;
    child.stdin.write(`${JSON.stringify({ id, ...command })}\n`);
    return id;
  };
  child.setMaxListeners(0);
  const { asks } = await heard<{ readonly asks: boolean }>(0, "answer");
  return {
    pid,
    asks,
    write: (command) => {
      const id = send({ do: "write", ...command });
      let isAnswered = false;
      const answer = heard<WriteAnswer>(id, "answer").then((found) => ((isAnswered = true), found));
      const [begun, stopping] = [heard<number>(id, "begun"), heard<number>(id, "stopping")];
      for (const each of [answer, begun, stopping]) each.catch(() => {});
      return { begun, stopping, answer, isAnswered: () => isAnswered };
    },
    ask: (what, about = {}) => heard(send({ do: what, ...about }), "answer"),
    stop: () => void process.kill(pid, "SIGSTOP"),
    stopped: async () => {
      while (!ended && !isStopped(pid)) await delay(1);
    },
    goOn: () => void process.kill(pid, "SIGCONT"),
    kill: () => {
      if (!ended) child.kill("SIGKILL");
    },
  };
}

/** @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
function isStopped(pid: number): boolean {
  return readdirSync(`/proc/${pid}/task`).every((thread) => {
    const text = readFileSync(`/proc/${pid}/task/${thread}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2, text.lastIndexOf(")") + 3) === "T";
  });
}

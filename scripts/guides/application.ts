import { fork, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("application.mjs", import.meta.url));

/** A running application of a guide, in a process of its own. */
export interface Application {
  /** Stores an object. @returns The member that took it. */
  readonly put: (key: string, text: string) => Promise<string>;
  readonly delete: (key: string) => Promise<void>;
  /** Returns the digest of an object, or the code of the failure. */
  readonly read: (key: string) => Promise<string>;
  readonly list: () => Promise<readonly string[]>;
  /** Returns the member that holds an object. */
  readonly holder: (key: string) => Promise<string>;
  readonly stop: () => Promise<void>;
  /** Ends the process at once, when it has not ended yet. */
  readonly kill: () => Promise<void>;
}

interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly code?: string | undefined;
  readonly message?: string | undefined;
}

/** Starts an application in the folder of a guide, and waits until it is ready. */
export async function startApplication(cwd: string, env: NodeJS.ProcessEnv): Promise<Application> {
  const child = fork(PROGRAM, { cwd, env, execArgv: [], stdio: ["ignore", "inherit", "inherit", "ipc"] });
  await until(child, 0);
  let last = 0;
  const ask = async (verb: string, given: object = {}): Promise<Answer> => {
    const id = ++last;
    const answer = until(child, id);
    child.send({ id, verb, ...given });
    return await answer;
  };
  const done = async (verb: string, given: object): Promise<unknown> => {
    const { value, code, message } = await ask(verb, given);
    if (code !== undefined) throw new Error(`${verb} ${JSON.stringify(given)}: ${message}`);
    return value;
  };
  return {
    put: async (key, text) => (await done("put", { key, text })) as string,
    delete: async (key) => void (await done("delete", { key })),
    read: async (key) => {
      const { value, code = "" } = await ask("get", { key });
      return code === "" ? (value as string) : code;
    },
    list: async () => (await done("list", {})) as readonly string[],
    holder: async (key) => (await done("provider", { key })) as string,
    stop: async () => {
      await done("close", {});
      const ended = once(child, "exit");
      child.disconnect();
      await ended;
    },
    kill: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** Waits for one answer; the end of the process is a failure. */
async function until(child: ChildProcess, id: number): Promise<Answer> {
  return await new Promise((resolve, reject) => {
    const onMessage = (message: unknown): void => {
      const answer = message as Answer;
      if (answer.id !== id) return;
      child.off("message", onMessage).off("exit", onExit);
      resolve(answer);
    };
    const onExit = (): void => reject(new Error("the application has ended"));
    child.on("message", onMessage).once("exit", onExit);
  });
}

export function digestOfText(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

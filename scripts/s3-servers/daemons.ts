import { execFile, spawn, type ChildProcess } from "node:child_process";
import { rmSync } from "node:fs";
import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

const execute = promisify(execFile);
const START_MS_MAX = 60_000;

/** All that run, of every server, and their folders: none outlives this process. */
const running = new Set<ChildProcess>();
const folders = new Set<string>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});
for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const) {
  // A script with a handler of its own ends by itself, and cleans up before.
  process.once(signal, () => {
    if (process.listenerCount(signal) === 0) process.exit(code);
  });
}

export type Command = readonly [program: string, ...args: string[]];

/** A program that runs. */
export interface Daemon {
  /** Ends it at once, as a crash would. */
  readonly kill: () => Promise<void>;
}

/** Programs of one server, and the folder that they share. */
export interface Daemons {
  readonly folder: string;
  /** Runs a program to its end. @returns What it printed. */
  readonly run: (...command: Command) => Promise<string>;
  /** Starts a program that stays, and waits until it is ready; what it prints goes to `<log>.out` in the folder. */
  readonly start: (log: string, command: Command, isReady: () => Promise<boolean>) => Promise<Daemon>;
  /** Ends all of them at once, and removes the folder. */
  readonly stop: () => Promise<void>;
}

/**
 * Makes room for a server's programs. They end with `stop`, or with this process.
 *
 * @param within - Makes a command run where its program is, such as in another root.
 */
export async function createDaemons(
  name: string,
  within: (command: Command, folder: string) => Command = (command) => command,
): Promise<Daemons> {
  const folder = await mkdtemp(join(tmpdir(), `stowage-${name}-`));
  folders.add(folder);
  const children: ChildProcess[] = [];
  return {
    folder,
    run: async (...command) => {
      const [program, ...args] = within(command, folder);
      return (await execute(program, args, { timeout: 300_000, maxBuffer: 2 ** 26, cwd: folder })).stdout;
    },
    start: async (log, command, isReady) => {
      const out = join(folder, `${log}.out`);
      const child = await spawned(within(command, folder), folder, out);
      children.push(child);
      await until(isReady, child, () => reasonIn(out, command[0]));
      return { kill: () => kill(child) };
    },
    stop: async () => {
      await Promise.all(children.map(kill));
      await rm(folder, { recursive: true, force: true });
      folders.delete(folder);
    },
  };
}

async function spawned([program, ...args]: Command, cwd: string, out: string): Promise<ChildProcess> {
  const file = await open(out, "w");
  try {
    const child = spawn(program, args, { stdio: ["ignore", file.fd, file.fd], cwd });
    running.add(child);
    child.once("close", () => running.delete(child));
    child.once("error", () => running.delete(child));
    return child;
  } finally {
    await file.close();
  }
}

async function reasonIn(out: string, program: string): Promise<Error> {
  const text = await readFile(out, "utf8").catch(() => "");
  return new Error(`${program} did not start: ${text.trim().split("\n").at(-1) ?? ""}`);
}

/** Asked politely, some would write all of their memory to the disk first. */
async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = new Promise((resolve) => child.once("close", resolve));
  child.kill("SIGKILL");
  await ended;
}

async function until(
  isReady: () => Promise<boolean>,
  child: ChildProcess,
  reason: () => Promise<Error>,
): Promise<void> {
  const giveUpAt = performance.now() + START_MS_MAX;
  while (!(await isReady().catch(() => false))) {
    if (child.exitCode !== null || performance.now() > giveUpAt) throw await reason();
    await delay(50);
  }
}

/** Whether something listens on a port of this machine. */
export function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

/** Ports that nobody listens on. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => listening()));
  return await Promise.all(
    servers.map(async (server) => {
      const { port } = server.address() as AddressInfo;
      await new Promise((resolve) => server.close(resolve));
      return port;
    }),
  );
}

function listening(): Promise<ReturnType<typeof createServer>> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve(server));
  });
}

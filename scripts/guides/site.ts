// A folder in which a reader follows the pages of the guide.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import assert from "node:assert/strict";
import { startApplication, type Application } from "./application.js";
import { createBooks, type Books } from "./books.js";
import { readPage, type Block, type Variant } from "./page.js";

/** How long the commands of one block may take, in milliseconds, before the test gives up. */
const COMMANDS_MS_MAX = 120_000;

export interface Place {
  /** The folder, in which the packages can be imported. */
  readonly folder: string;
  readonly variant: Variant;
  /** The variables of the commands and of the application. */
  readonly env: NodeJS.ProcessEnv;
}

export interface Site extends Place {
  readonly books: Books;
  /** Writes the files of a section, runs its commands, and compares what they print. The objects are checked after each block. */
  readonly follow: (page: string, heading: string) => Promise<void>;
  /** Runs commands that stand on no page. */
  readonly run: (commands: string) => Promise<string>;
  readonly restart: () => Promise<void>;
  /** Returns the running application. */
  readonly application: () => Application;
  /** Starts another process of the application beside the running one. */
  readonly startBeside: () => Promise<Application>;
  /** Ends every process that is left. */
  readonly close: () => Promise<void>;
}

/** A test that follows one page. Its title says what must hold. */
export interface GuideTest {
  readonly title: string;
  readonly run: (site: Site) => Promise<void>;
}

export function openSite(place: Place): Site {
  const books = createBooks();
  const running: Application[] = [];
  const started: Application[] = [];
  const start = async (): Promise<Application> => {
    const application = await startApplication(place.folder, place.env);
    started.push(application);
    return application;
  };
  const stop = async (): Promise<void> => {
    await running.pop()?.stop();
  };
  const service: Readonly<Record<string, () => Promise<void>>> = {
    start: async () => void running.push(await start()),
    stop,
    restart: async () => {
      await stop();
      running.push(await start());
    },
  };
  const act = async (block: Block): Promise<string> => {
    if (block.kind === "file") await writeFile(join(place.folder, block.name), block.text);
    if (block.kind !== "commands") return "";
    let printed = "";
    for (const part of block.text.split(/^(systemctl \w+ videos)$/m)) {
      const verb = /^systemctl (\w+) videos$/.exec(part)?.[1];
      if (verb !== undefined) await service[verb]?.();
      else printed += await runShell(place, part);
    }
    return printed;
  };
  return {
    ...place,
    books,
    run: (commands) => runShell(place, commands),
    restart: async () => {
      await service["restart"]?.();
      await books.check(running.at(-1) as Application, "after a restart");
    },
    application: () => running.at(-1) as Application,
    startBeside: start,
    follow: async (page, heading) => {
      const blocks = (await readPage(page)).filter(
        (block) => block.heading === heading && (block.variant ?? place.variant) === place.variant,
      );
      assert.notEqual(blocks.length, 0, `${page} has nothing to do under ${JSON.stringify(heading)}`);
      let printed = "";
      for (const [index, block] of blocks.entries()) {
        const where = `${page}, ${heading}, block ${index + 1}`;
        if (block.kind === "output") assertPrinted(printed, block.text, where);
        else printed = await act(block).catch((cause: unknown) => fail(where, cause));
        for (const application of running) await books.check(application, `after ${where}`);
      }
    },
    close: async () => {
      for (const application of started) await application.kill();
    },
  };
}

function fail(where: string, cause: unknown): never {
  throw new Error(`${where}: ${String(cause)}`, { cause });
}

/** Runs commands and returns what they print. Nothing that they have started is left when it returns. */
async function runShell({ folder, env }: Place, commands: string): Promise<string> {
  if (commands.trim() === "") return "";
  const args = ["--norc", "-euo", "pipefail", "-c", commands];
  const shell = spawn("bash", args, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
  const end = (): boolean => process.kill(-(shell.pid as number), "SIGKILL");
  const tooLong = setTimeout(end, COMMANDS_MS_MAX);
  try {
    const printed = Promise.all([text(shell.stdout), text(shell.stderr)]);
    const [code] = (await once(shell, "exit")) as [number | null];
    if (code !== 0) endGroup(end);
    const [out, errors] = await printed;
    if (code !== 0) throw new Error(`${commands}\n${out}${errors}`);
    return out;
  } finally {
    clearTimeout(tooLong);
  }
}

function endGroup(end: () => boolean): void {
  try {
    end();
  } catch (error) {
    // Nothing is left of it.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Compares what commands have printed with a page, where `…` stands for anything. */
function assertPrinted(printed: string, expected: string, where: string): void {
  const pattern = expected
    .split("…")
    .map((piece) => piece.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
    .join(".*");
  const isExpected = new RegExp(`^${pattern}$`, "s").test(printed);
  assert.ok(isExpected, `${where} says\n${expected}and the commands have printed\n${printed}`);
}

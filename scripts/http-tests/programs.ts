// Programs that people use, against the handler on a local disk.
import { execFile } from "node:child_process";
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createStorage, fromFile, type FileStorage } from "@stowage/core";
import { createHandler, toNodeListener } from "@stowage/http";
import { local } from "@stowage/local";
import { install } from "../s3-servers/debian.js";
import { patterned } from "../s3-tests/contents.js";
import { listen } from "./serving.js";

const PROGRAMS = {
  title: "curl, wget and ffmpeg",
  programs: ["curl", "wget", "ffmpeg", "ffprobe"],
  packages: ["curl", "wget", "ffmpeg"],
};
const VIDEO = fileURLToPath(new URL("../../examples/composers/assets/test-pattern.mp4", import.meta.url));
const BYTES = 5_000_000;

const execute = promisify(execFile);

/** A server on a folder, and what it was asked. */
interface Served {
  readonly url: string;
  readonly storage: FileStorage;
  readonly folder: string;
  /** The status of each answer and the range that was asked for, in order. */
  readonly answers: (readonly [status: number, range: string | undefined])[];
}

/** One test of a program. */
export interface ProgramTest {
  readonly title: string;
  readonly run: () => Promise<void>;
}

export const PROGRAM_TESTS: readonly ProgramTest[] = [
  { title: "curl -C - goes on with a download", run: () => serving(resumes("curl")) },
  { title: "wget -c goes on with a download", run: () => serving(resumes("wget")) },
  { title: "ffmpeg seeks within an MP4", run: () => serving(seeks) },
  { title: "ffmpeg plays HLS", run: () => serving(playsHls) },
];

async function serving(run: (served: Served) => Promise<void>): Promise<void> {
  await install(PROGRAMS);
  const folder = await mkdtemp(join(tmpdir(), "stowage-programs-"));
  const storage = createStorage(local({ root: join(folder, "files"), create: true }));
  const listener = toNodeListener(createHandler(storage, { authorize: () => true }));
  const answers: (readonly [number, string | undefined])[] = [];
  const { url, close } = await listen((request, response) => {
    response.once("close", () => answers.push([response.statusCode, request.headers.range]));
    void listener(request, response);
  });
  try {
    await run({ url, storage, folder, answers });
  } finally {
    await close();
    await storage.close();
    await rm(folder, { recursive: true, force: true });
  }
}

function resumes(program: "curl" | "wget"): (served: Served) => Promise<void> {
  return async ({ url, storage, folder, answers }) => {
    const content = patterned(BYTES);
    await storage.put("a b.bin", content);
    const file = join(folder, "download");
    await writeFile(file, content.subarray(0, BYTES / 2));
    const address = `${url}/a%20b.bin`;
    if (program === "curl") await execute("curl", ["-sSf", "-C", "-", "-o", file, address]);
    else await execute("wget", ["-q", "-c", "-O", file, address]);
    assert.ok(content.equals(await readFile(file)), "the file is whole");
    assert.deepEqual(answers.at(-1), [206, `bytes=${BYTES / 2}-`]);
  };
}

async function seeks({ url, storage, folder, answers }: Served): Promise<void> {
  // Long enough that nobody reads all of it to find a place; its index is at the end.
  const video = join(folder, "video.mp4");
  const pattern = ["-f", "lavfi", "-i", "testsrc=size=640x360:rate=25:duration=30"];
  await execute("ffmpeg", [
    "-v",
    "error",
    ...pattern,
    "-c:v",
    "mpeg4",
    "-b:v",
    "4M",
    "-minrate",
    "4M",
    video,
  ]);
  await storage.put("video.mp4", fromFile(video));
  const picture = join(folder, "frame.png");
  await execute("ffmpeg", ["-v", "error", "-ss", "20", "-i", `${url}/video.mp4`, "-frames:v", "1", picture]);
  assert.equal((await readFile(picture)).subarray(1, 4).toString(), "PNG");
  assert.ok(
    answers.some(([status, range]) => status === 206 && range !== "bytes=0-"),
    "it has asked for a part",
  );
}

async function playsHls({ url, storage, folder }: Served): Promise<void> {
  const made = join(folder, "hls");
  await mkdir(made);
  const hls = ["-c", "copy", "-f", "hls", "-hls_time", "1", "-hls_list_size", "0", join(made, "index.m3u8")];
  await execute("ffmpeg", ["-v", "error", "-i", VIDEO, ...hls]);
  await storage.putDirectory(made, "film/");
  const played = join(folder, "played.mp4");
  await execute("ffmpeg", ["-v", "error", "-i", `${url}/film/index.m3u8`, "-c", "copy", played]);
  const [before, after] = [await secondsOf(VIDEO), await secondsOf(played)];
  assert.ok(Math.abs(before - after) < 0.5, `it lasts ${after} s, not ${before}`);
}

async function secondsOf(file: string): Promise<number> {
  const args = ["-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", file];
  return Number((await execute("ffprobe", args)).stdout);
}

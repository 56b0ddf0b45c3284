// Uploads that go on in another process.
import { ListPartsCommand } from "@aws-sdk/client-s3";
import { abortResumableUpload, resumableUpload, type ResumableState } from "@stowage/s3";
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { appendFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { MIB, digestAt, digestOf, patterned } from "./contents.js";
import { codeOf } from "./outcomes.js";
import type { Real, RealTest } from "./real.js";
import { startProxy } from "./tcp-proxy.js";

const SIZE = 200 * MIB;
const HEAD_BYTES_MAX = 64 * 1024;

const killed: RealTest = {
  title:
    "a resumable upload of 200 MiB killed with SIGKILL goes on in a new process, and sends nothing again",
  run: async (real) => {
    const path = join(real.folder, "film");
    const statePath = join(real.folder, "state.json");
    const content = patterned(SIZE);
    await writeFile(path, content);
    const first = startChild(real, real.server.endpoint, path, statePath);
    await killAfter(first, 60 * MIB);
    const arrived = await arrivedBytes(real, JSON.parse(readFileSync(statePath, "utf8")) as ResumableState);
    // What was on its way counts as progress, and has not arrived: no more than four parts.
    assert.ok(arrived >= 20 * MIB && arrived < SIZE, `${arrived} bytes have arrived`);
    const proxy = await startProxy(real.server.endpoint, () => ({}));
    try {
      const second = startChild(real, proxy.endpoint, path, statePath);
      second.stdout?.resume();
      const [code] = (await once(second, "close")) as [number];
      assert.equal(code, 0);
      // What was on its way when the process died may have arrived after it was asked: then it is even less.
      const more = proxy.sentBytes() - (SIZE - arrived);
      assert.ok(more < HEAD_BYTES_MAX, `${more} bytes more than what was missing were sent`);
    } finally {
      await proxy.close();
    }
    assert.equal(await digestAt(real.storage(), "film.mp4"), digestOf(content));
  },
};

function startChild(
  { server, bucket }: Real,
  endpoint: string,
  path: string,
  statePath: string,
): ChildProcess {
  const program = fileURLToPath(new URL("resumable-child.ts", import.meta.url));
  const { accessKeyId, secretAccessKey } = server.credentials;
  const env = { ...process.env, ACCESS_KEY_ID: accessKeyId, SECRET_ACCESS_KEY: secretAccessKey };
  const args = [...process.execArgv, program, endpoint, bucket, path, statePath];
  return spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "inherit"] });
}

async function killAfter(child: ChildProcess, bytes: number): Promise<void> {
  const closed = once(child, "close");
  assert.ok(child.stdout);
  for await (const line of createInterface(child.stdout)) {
    if (Number(line) >= bytes) child.kill("SIGKILL");
  }
  assert.deepEqual(await closed, [null, "SIGKILL"]);
}

async function arrivedBytes({ client, bucket }: Real, { key, uploadId }: ResumableState): Promise<number> {
  const { Parts = [] } = await client.send(
    new ListPartsCommand({ Bucket: bucket, Key: key, UploadId: uploadId }),
  );
  return Parts.reduce((sum, { Size = 0 }) => sum + Size, 0);
}

/** Begins an upload, and breaks it off. */
async function brokenOff(real: Real, path: string): Promise<ResumableState> {
  const controller = new AbortController();
  let state: ResumableState | undefined;
  const upload = resumableUpload(real.provider(), "a", {
    path,
    signal: controller.signal,
    onState: (given) => void (state = given),
    onProgress: () => controller.abort("stop"),
  });
  assert.equal(await codeOf(upload), "stop");
  assert.ok(state);
  return state;
}

const changed: RealTest = {
  title: "a resumable upload of a file that has changed is a SourceError, and can be given up",
  run: async (real) => {
    const path = join(real.folder, "file");
    await writeFile(path, patterned(12 * MIB));
    const state = await brokenOff(real, path);
    await appendFile(path, "more");
    assert.equal(await codeOf(resumableUpload(real.provider(), "a", { path, state })), "SourceError");
    await abortResumableUpload(real.provider(), state);
    assert.equal(await real.storage().exists("a"), false);
  },
};

const finished: RealTest = {
  title: "a resumable upload that was finished, or given up, by another process is recognised",
  run: async (real) => {
    const path = join(real.folder, "file");
    const content = patterned(12 * MIB);
    await writeFile(path, content);
    const state = await brokenOff(real, path);
    const options = { path, state };
    const first = await resumableUpload(real.provider(), "a", options);
    const again = await resumableUpload(real.provider(), "a", options);
    assert.deepEqual([again.size, again.etag], [first.size, first.etag]);
    await real.storage().delete("a");
    let begun: ResumableState | undefined;
    await resumableUpload(real.provider(), "a", { ...options, onState: (given) => void (begun = given) });
    assert.notEqual(begun?.uploadId, state.uploadId);
    assert.equal(await digestAt(real.storage(), "a"), digestOf(content));
  },
};

export const RESUMABLE: readonly RealTest[] = [killed, changed, finished];

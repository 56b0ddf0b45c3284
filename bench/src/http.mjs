/** The benchmark of serving over HTTP: next to `send`, and to a file that is piped; and what a server holds under load. See ../README.md. */
import { fork } from "node:child_process";
import { readFileSync, readdirSync, rmSync } from "node:fs";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createStorage } from "@stowage/core";
import { local } from "@stowage/local";
import { describeEnvironment } from "./environment.mjs";
import { getOf, openClient, putOf } from "./http/clients.mjs";
import { median } from "./statistics.mjs";
import { formatMebibytes, formatTable } from "./table.mjs";

const MIB = 1024 * 1024;
const FILES = 256;
const SMALL_BYTES = 4096;
const LARGE_BYTES = 256 * MIB;
const CONNECTIONS = 16;
const SUBJECTS = ["stowage", "send", "pipe"];

const isQuick = process.argv.includes("--quick");
const rounds = isQuick ? 10 : 40;
const requestsPerRound = isQuick ? 500 : 2000;
const soakSeconds = isQuick ? 10 : 60;

const root = await mkdtemp(path.join(process.env.STOWAGE_BENCH_DIRECTORY ?? "/tmp", "stowage-bench-"));
process.once("exit", () => rmSync(root, { recursive: true, force: true }));
for (const [name, value] of Object.entries(
  await describeEnvironment(root, ["@stowage/core", "@stowage/http", "@stowage/local"]),
))
  console.log(`${name}: ${value}`);

await fill(root);
const servers = new Map();
for (const subject of SUBJECTS) servers.set(subject, await start(subject));
await compare("GET of 4 KiB, 16 connections", "send", smallGets, requestsPerRound);
await compare("GET of 4 KiB, 1 connection", "send", oneByOne, Math.ceil(requestsPerRound / 4));
await compare("GET of 256 MiB", "pipe", largeGet, 1, isQuick ? 3 : 11);
for (const { child } of servers.values()) child.kill();
await soak();

async function fill(folder) {
  const storage = createStorage(local({ root: folder }));
  for (let index = 0; index < FILES; index++) {
    await storage.put(`small/${index % 16}/${index}.bin`, Buffer.alloc(SMALL_BYTES, index));
  }
  await mkdir(path.join(folder, "large"), { recursive: true });
  await writeFile(path.join(folder, "large/one.bin"), Buffer.alloc(LARGE_BYTES, 7));
  await writeFile(path.join(folder, "large/slow.bin"), Buffer.alloc(8 * MIB, 7));
  await storage.close();
}

async function start(subject) {
  const child = fork(fileURLToPath(new URL("http/server.mjs", import.meta.url)), [subject, root]);
  const [{ port }] = await new Promise((resolve) => child.once("message", (message) => resolve([message])));
  return { child, port };
}

/** Interleaved: in each round every server does one slice. What counts is the ratio within a round. */
async function compare(title, base, slice, operations, count = rounds) {
  const times = new Map(SUBJECTS.map((subject) => [subject, []]));
  for (let round = -2; round < count; round++) {
    const order = [...SUBJECTS].sort(() => Math.random() - 0.5);
    for (const subject of order) {
      const from = performance.now();
      await slice(servers.get(subject).port, operations);
      if (round >= 0) times.get(subject).push(performance.now() - from);
    }
  }
  const rows = SUBJECTS.map((subject) => {
    const ratios = times.get(subject).map((time, index) => times.get(base)[index] / time);
    const each = median(times.get(subject)) / operations;
    const speed =
      operations === 1
        ? `${((LARGE_BYTES / MIB / each) * 1000).toFixed(0)} MiB/s`
        : `${(each * 1000).toFixed(0)} µs`;
    return [subject, speed, median(ratios).toFixed(2)];
  });
  console.log(`\n${title}\n\n${formatTable(["server", "each", `× ${base}`], rows)}`);
}

async function smallGets(port, operations) {
  const clients = await Promise.all(Array.from({ length: CONNECTIONS }, () => openClient(port)));
  let next = 0;
  await Promise.all(
    clients.map(async (client) => {
      while (next < operations) await isOk(client.ask(getOf(smallTarget(next++))));
      client.close();
    }),
  );
}

async function oneByOne(port, operations) {
  const client = await openClient(port);
  for (let count = 0; count < operations; count++) await isOk(client.ask(getOf(smallTarget(count))));
  client.close();
}

async function largeGet(port) {
  const client = await openClient(port);
  await isOk(client.ask(getOf("/large/one.bin")));
  client.close();
}

function smallTarget(count) {
  const index = count % FILES;
  return `/small/${index % 16}/${index}.bin`;
}

async function isOk(asked) {
  const status = await asked;
  if (status !== 200 && status !== 201) throw new Error(`the answer is ${status}`);
}

/** What one server holds while many clients are at work. */
async function soak() {
  const rows = [];
  for (const [title, load] of [
    ["500 slow clients of 8 MiB", slowClients],
    ["200 uploads of 4 MiB at once, again and again", uploads],
    ["2,000 GET a second", steady],
  ]) {
    const { child, port } = await start("stowage");
    await smallGets(port, 2000);
    await delay(2000);
    const before = { rss: rssOf(child.pid), files: filesOf(child.pid) };
    let [most, first, last] = [0, 0, 0];
    const watch = setInterval(() => {
      last = rssOf(child.pid);
      most = Math.max(most, last);
    }, 200);
    const half = setTimeout(() => (first = last), (soakSeconds * 1000) / 4);
    const done = await load(port);
    clearInterval(watch);
    clearTimeout(half);
    await delay(2000);
    const after = filesOf(child.pid);
    rows.push([
      title,
      done,
      formatMebibytes(before.rss),
      formatMebibytes(first),
      formatMebibytes(last),
      formatMebibytes(most),
      String(after - before.files),
    ]);
    child.kill();
  }
  const header = ["load", "done", "RSS before", "after a quarter", "at the end", "at most", "files left"];
  console.log(`\nUnder load, ${soakSeconds} s each\n\n${formatTable(header, rows)}`);
}

/** Each reads 64 KiB, and waits a tenth of a second. */
async function slowClients(port) {
  const end = performance.now() + soakSeconds * 1000;
  let bytes = 0;
  await Promise.all(
    Array.from({ length: 500 }, async () => {
      const { socket } = await openClient(port);
      socket.removeAllListeners("data").pause();
      socket.on("error", () => {});
      socket.write(getOf("/large/slow.bin"));
      while (performance.now() < end && !socket.destroyed) {
        const chunk = socket.read(65_536) ?? socket.read();
        bytes += chunk?.length ?? 0;
        await delay(100);
      }
      socket.destroy();
    }),
  );
  return `${(bytes / MIB).toFixed(0)} MiB`;
}

async function uploads(port) {
  const end = performance.now() + soakSeconds * 1000;
  const body = Buffer.alloc(4 * MIB, 1);
  let count = 0;
  await Promise.all(
    Array.from({ length: 200 }, async (_, index) => {
      const client = await openClient(port);
      while (performance.now() < end) {
        await isOk(client.ask(putOf(`/uploads/${index}`, body.length), body));
        count++;
      }
      client.close();
    }),
  );
  return `${count} uploads`;
}

async function steady(port) {
  const clients = await Promise.all(Array.from({ length: CONNECTIONS }, () => openClient(port)));
  const from = performance.now();
  let [asked, answered] = [0, 0];
  await Promise.all(
    clients.map(async (client) => {
      while (performance.now() - from < soakSeconds * 1000) {
        if (asked > ((performance.now() - from) / 1000) * 2000) {
          await delay(1);
          continue;
        }
        asked++;
        await isOk(client.ask(getOf(smallTarget(asked))));
        answered++;
      }
      client.close();
    }),
  );
  return `${(answered / soakSeconds).toFixed(0)} a second`;
}

function rssOf(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
}

function filesOf(pid) {
  return readdirSync(`/proc/${pid}/fd`).length;
}

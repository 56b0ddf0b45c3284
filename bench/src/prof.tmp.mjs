import { startServers } from "./s3/servers.mjs";
import { openStore } from "./s3/suite.mjs";
import { randomBytes } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { Session } from "node:inspector/promises";
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = "true";
const { servers, stop } = await startServers(mkdtempSync("/tmp/bench-"));
const place = { ...servers.sink, bucket: "prof" };
const verb = process.argv[3] ?? "put"; const c = Number(process.argv[4] ?? 1);
const stores = {};
for (const s of process.argv[2].split(",")) stores[s] = await openStore(s, place, s);
const content = randomBytes(4096);
const once = (store, i) => verb === "put" ? store.put(`k${i % 50}`, content) : verb === "get" ? store.get(`k${i % 50}`) : store.head(`k${i % 50}`);
async function many(store, n) { let i = 0; await Promise.all(Array.from({length: c}, async () => { while (i < n) await once(store, i++); })); }
for (const s of Object.values(stores)) { for (let i = 0; i < 50; i++) await s.put(`k${i}`, content); await many(s, 6000); }
for (let r = 0; r < 5; r++) for (const [n, s] of Object.entries(stores)) { const t = performance.now(); const cpu = process.cpuUsage(); await many(s, 2000); const u = process.cpuUsage(cpu); console.log(n, ((performance.now() - t) / 2).toFixed(0), "µs", "cpu", ((u.user+u.system)/2000).toFixed(0)); }
if (process.argv[5]) {
  const session = new Session(); session.connect(); await session.post("Profiler.enable"); await session.post("Profiler.setSamplingInterval", { interval: 200 }); await session.post("Profiler.start");
  await many(Object.values(stores)[0], 4000);
  const { profile } = await session.post("Profiler.stop");
  const self = new Map(); const dt = profile.timeDeltas; const byId = new Map(profile.nodes.map(n => [n.id, n]));
  profile.samples.forEach((id, i) => { const n = byId.get(id); const f = n.callFrame; const k = `${f.functionName || "(anon)"} ${f.url.split("/").slice(-3).join("/")}:${f.lineNumber}`; self.set(k, (self.get(k) ?? 0) + dt[i]); });
  const total = [...self.values()].reduce((a, b) => a + b);
  for (const [k, v] of [...self].sort((a, b) => b[1] - a[1]).slice(0, 45)) console.log((v / total * 100).toFixed(1) + "%", k);
}
for (const s of Object.values(stores)) await s.close?.();
stop(); process.exit();

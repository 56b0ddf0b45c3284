import { listen, type Listening } from "@stowage/example-tools";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createApp, type App } from "./app.js";
import { createRolloutServer } from "./server.js";

let home: string;
let app: App;
let server: Listening;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "stowage-example-"));
  app = await createApp({ STORAGE_MODE: "local" }, { home });
  server = await listen(createRolloutServer(app), 0);
});

afterEach(async () => {
  await server.close();
  await app.close();
  await rm(home, { recursive: true });
});

async function rollOut(text: string): Promise<Response> {
  return await fetch(`${server.url}/rollout/${text}`, { method: "PUT" });
}

async function upload(body: string): Promise<{ readonly key: string; readonly provider: string }> {
  const answer = await fetch(`${server.url}/files?name=a.txt`, { method: "POST", body });
  expect(answer.status).toBe(201);
  return (await answer.json()) as { key: string; provider: string };
}

describe("the rollout server", () => {
  it("sends new files where the percentage says, and reads all of them", async () => {
    const first = await upload("one");
    expect(first.provider).toBe("disk");
    expect(first.key).toMatch(/^files\/\d{4}\/\d\d\/\d\d\/[0-9a-f]{16}_\d+\.txt$/);
    expect(await (await rollOut("100")).json()).toMatchObject({ percent: 100 });
    const second = await upload("two");
    expect(second.provider).toBe("bucket");
    for (const [{ key }, text] of [
      [first, "one"],
      [second, "two"],
    ] as const) {
      expect(await (await fetch(`${server.url}/${key}`)).text()).toBe(text);
    }
  });

  it.each(["-1", "101", "ten", "", "12.345"])("answers 400 for a percentage of %j", async (text) => {
    const answer = await rollOut(text);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: expect.stringContaining("from 0 to 100") });
    expect(await (await fetch(`${server.url}/rollout`)).json()).toMatchObject({ percent: 0 });
  });

  it("counts for Prometheus what has happened", async () => {
    await upload("one");
    const text = await (await fetch(`${server.url}/metrics`)).text();
    expect(text).toContain('stowage_operations_total{operation="put",provider="disk",outcome="ok"} 1');
    expect(text).toContain('stowage_journal_oldest_seconds{composer="files"} 0');
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
  });

  it("refuses a mode that it does not know", async () => {
    await expect(createApp({ STORAGE_MODE: "cloud" }, { home })).rejects.toThrow(
      "STORAGE_MODE is local, s3 or hybrid, not cloud",
    );
  });
});

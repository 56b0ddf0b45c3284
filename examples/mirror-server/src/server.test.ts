import { listen, type Listening } from "@stowage/example-tools";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createApp, type App, type Environment } from "./app.js";
import { createMirrorServer } from "./server.js";

let home: string;
let app: App;
let server: Listening;

async function start(environment: Environment = {}): Promise<void> {
  app = await createApp(environment, { home });
  server = await listen(createMirrorServer(app), 0);
}

async function stop(): Promise<void> {
  await server.close();
  await app.close();
}

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "stowage-example-"));
});

afterEach(async () => {
  await stop();
  await rm(home, { recursive: true });
});

async function upload(): Promise<string> {
  const answer = await fetch(`${server.url}/videos?name=a.mp4`, { method: "POST", body: "video" });
  expect(answer.status).toBe(201);
  return ((await answer.json()) as { readonly key: string }).key;
}

async function holders(key: string): Promise<readonly boolean[]> {
  return await Promise.all(
    app.members.map((member) =>
      member.head(key, {}).then(
        () => true,
        () => false,
      ),
    ),
  );
}

describe("the mirror server", () => {
  it("keeps a video and its thumbnail in both places, and deletes both together", async () => {
    await start();
    const key = await upload();
    const thumbnail = `thumbnails/${key.split("/")[1]}.jpg`;
    await fetch(`${server.url}/${thumbnail}`, { method: "PUT", body: "old" });
    await fetch(`${server.url}/${thumbnail}`, { method: "PUT", body: "new" });
    await app.repair.idle();
    expect([await holders(key), await holders(thumbnail)]).toEqual([
      [true, true],
      [true, true],
    ]);
    expect(await (await fetch(`${server.url}/${thumbnail}`)).text()).toBe("new");
    expect((await fetch(`${server.url}/${key}`, { method: "DELETE" })).status).toBe(204);
    await app.repair.idle();
    expect([await holders(key), await holders(thumbnail)]).toEqual([
      [false, false],
      [false, false],
    ]);
    expect((await fetch(`${server.url}/${key}`)).status).toBe(404);
  });

  it("serves ranges from the disk", async () => {
    await start();
    const key = await upload();
    const answer = await fetch(`${server.url}/${key}`, { headers: { range: "bytes=1-2" } });
    expect([answer.status, await answer.text()]).toEqual([206, "id"]);
  });

  it("goes on without the bucket, which gets what it has missed when it is on again", async () => {
    await start({ USE_S3: "false" });
    const key = await upload();
    expect(await (await fetch(`${server.url}/${key}`)).text()).toBe("video");
    expect(await holders(key)).toEqual([true, false]);
    const health = (await (await fetch(`${server.url}/health`)).json()) as object;
    expect(health).toMatchObject({ ready: true, degraded: true });
    await stop();
    await start();
    await app.repair.idle();
    expect(await holders(key)).toEqual([true, true]);
  });
});

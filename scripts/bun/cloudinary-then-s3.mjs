// The application that its document runs on Bun: the source of the example beside this file, on the packages as users install them. Cloudinary is
// the fake, S3 is a real server. Prints a line for each sentence of the document.
import assert from "node:assert/strict";
import { once } from "node:events";
import { cloudinaryFake } from "@stowage/conformance";
import { fromEnv } from "stowage";

const { createApp } = await import(new URL("app.ts", import.meta.url).href);
const FILM = Buffer.alloc(9_000_000, "film");
const fake = await cloudinaryFake();
const { cloudName, apiKey, apiSecret } = fake;
const account = {
  CLOUDINARY_CLOUD_NAME: cloudName,
  CLOUDINARY_API_KEY: apiKey,
  CLOUDINARY_API_SECRET: apiSecret,
};
const storage = await fromEnv(
  { ...process.env, ...account },
  { cloudinary: { uploadPrefix: fake.url, deliveryBaseUrl: `${fake.url}/${cloudName}` } },
);
const videos = new Map();
const server = createApp(storage, videos).listen(0, "127.0.0.1");
await once(server, "listening");
const url = `http://127.0.0.1:${server.address().port}/videos`;

async function tells(sentence, run) {
  try {
    await run();
    console.log(`ok     ${sentence}`);
  } catch (error) {
    console.log(`FAILED ${sentence}`);
    console.log(error);
    process.exitCode = 1;
  }
}

async function upload() {
  const form = new FormData();
  form.append("video", new Blob([FILM], { type: "video/mp4" }), "film.mp4");
  const answer = await fetch(url, { method: "POST", body: form });
  return { status: answer.status, row: answer.ok ? await answer.json() : undefined };
}

async function plays(id) {
  const row = await (await fetch(`${url}/${id}`)).json();
  const film = Buffer.from(await (await fetch(row.url)).arrayBuffer());
  assert.ok(film.equals(FILM), `other bytes at ${row.url}`);
}

const remove = async (id) => (await fetch(`${url}/${id}`, { method: "DELETE" })).status;
const breakCloudinary = () => fake.fail({ fault: { type: "status", status: 503 } });
const ids = {};

await tells("a video goes to Cloudinary, the row says so, and the player plays it", async () => {
  const { status, row } = await upload();
  assert.deepEqual([status, row.provider], [201, "cloudinary"]);
  ids.first = row.id;
  await plays(row.id);
});
await tells("when Cloudinary fails it goes to S3, the row says so, and the player plays it", async () => {
  breakCloudinary();
  const { status, row } = await upload();
  assert.deepEqual([status, row.provider], [201, "s3"]);
  ids.second = row.id;
  await plays(row.id);
});
await tells("a row of earlier days has an address alone: it plays and is deleted", async () => {
  fake.heal();
  const { ref } = await storage.put("old", FILM, { contentType: "video/mp4" });
  videos.set("7", { id: "7", provider: "cloudinary", ref: await storage.at(ref).publicUrl() });
  await plays("7");
  assert.equal(await remove("7"), 204);
});
await tells("a video is deleted where the row says, while Cloudinary is down", async () => {
  breakCloudinary();
  assert.equal(await remove(ids.second), 204);
  fake.heal();
  assert.equal(await remove(ids.first), 204);
  assert.deepEqual(fake.assets(), []);
});

server.closeAllConnections();
server.close();
await storage.close();
await fake.close();

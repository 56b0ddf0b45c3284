/** The floor: signs and sends, without a checksum, a retry or a limit. */
import { createReadStream, createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { RawClient } from "../raw-client.mjs";

const PART_BYTES = 5 * 1024 * 1024;
const AT_ONCE = 4;

export async function open(place) {
  const client = new RawClient(place);
  const send = async (...request) => await (await client.request(...request)).body.dump();
  const get = async (key) => (await client.request("GET", key)).body;
  const putSized = (key, body, size) =>
    send("PUT", key, { body, headers: { "content-length": String(size) } });
  return {
    put: (key, bytes) => putSized(key, bytes, bytes.byteLength),
    get: async (key) => new Uint8Array(await (await get(key)).arrayBuffer()),
    head: (key) => head(client, key),
    delete: (key) => send("DELETE", key),
    putStream: (key, readable) => putParts(client, key, readable),
    putKnown: putSized,
    putFile: async (key, path) => putSized(key, createReadStream(path), (await stat(path)).size),
    getStream: get,
    getFile: async (key, path) => pipeline(await get(key), createWriteStream(path)),
    list: () => list(client),
    close: () => client.close(),
  };
}

async function head(client, key) {
  const { headers, body } = await client.request("HEAD", key);
  await body.dump();
  return { size: Number(headers["content-length"]), lastModified: new Date(headers["last-modified"]) };
}

async function putParts(client, key, readable) {
  const text = await (await client.request("POST", key, { query: "uploads=" })).body.text();
  const [, id] = /<UploadId>(.*?)<\/UploadId>/.exec(text);
  const etags = [];
  const running = new Set();
  for await (const part of partsOf(readable)) {
    const number = etags.push("");
    while (running.size >= AT_ONCE) await Promise.race(running);
    const sent = putPart(client, key, `partNumber=${number}&uploadId=${encodeURIComponent(id)}`, part).then(
      (etag) => {
        etags[number - 1] = etag;
        running.delete(sent);
      },
    );
    running.add(sent);
  }
  await Promise.all(running);
  const parts = etags.map(
    (etag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${etag}</ETag></Part>`,
  );
  const body = `<CompleteMultipartUpload>${parts.join("")}</CompleteMultipartUpload>`;
  const done = await client.request("POST", key, { query: `uploadId=${encodeURIComponent(id)}`, body });
  await done.body.dump();
}

async function* partsOf(readable) {
  let chunks = [];
  let size = 0;
  for await (const chunk of readable) {
    chunks.push(chunk);
    size += chunk.byteLength;
    if (size < PART_BYTES) continue;
    const all = Buffer.concat(chunks);
    yield all.subarray(0, PART_BYTES);
    chunks = [all.subarray(PART_BYTES)];
    size -= PART_BYTES;
  }
  if (size > 0) yield Buffer.concat(chunks);
}

async function putPart(client, key, query, body) {
  const headers = { "content-length": String(body.byteLength) };
  const answer = await client.request("PUT", key, { query, body, headers });
  await answer.body.dump();
  return answer.headers.etag;
}

async function list(client) {
  const all = [];
  let token;
  do {
    const query =
      token === undefined ? "list-type=2" : `continuation-token=${encodeURIComponent(token)}&list-type=2`;
    const text = await (await client.request("GET", "", { query })).body.text();
    for (const [, entry] of text.matchAll(/<Contents>(.*?)<\/Contents>/gs)) all.push(entryOf(entry));
    token = /<NextContinuationToken>(.*?)<\/NextContinuationToken>/.exec(text)?.[1];
  } while (token !== undefined);
  return all;
}

function entryOf(text) {
  const field = (name) => new RegExp(`<${name}>(.*?)</${name}>`, "s").exec(text)?.[1];
  return {
    key: decodeURIComponent(field("Key")),
    size: Number(field("Size")),
    lastModified: new Date(field("LastModified")),
  };
}

/**
 * A server that speaks S3 and does as little as it can: it keeps small objects whole and of large ones the size, and
 * verifies no signatures. In a process of its own; prints where it listens.
 *
 *   node sink.mjs '{"tls": {"key": "…", "cert": "…"}, "latencyMs": 25, "bytesPerSecond": 94371840}'
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { ChunkedDecoder } from "./chunked-decoder.mjs";
import { listing } from "./sink-listing.mjs";

const { tls, latencyMs = 0, bytesPerSecond } = JSON.parse(process.argv[2] ?? "{}");

/** What is kept of a body; of a larger one zeros are given back. */
const KEPT_BYTES = 16 * 1024 * 1024;
const ZEROS = Buffer.alloc(1024 * 1024);

/** By bucket and key: `{ size, etag, bytes, type, metadata, modified }`. */
const objects = new Map();
const uploads = new Map();
let counter = 0;
let connections = 0;

const server = tls === undefined ? createServer(onRequest) : createTlsServer(read(tls), onRequest);
server.on(tls === undefined ? "connection" : "secureConnection", (socket) => {
  connections++;
  socket.setNoDelay(true);
});
server.keepAliveTimeout = 60_000;
server.requestTimeout = 0;
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address();
  console.log(`${tls === undefined ? "http" : "https"}://127.0.0.1:${port}`);
});
process.stdin.resume().on("end", () => process.exit());

function read({ key, cert }) {
  return { key: readFileSync(key), cert: readFileSync(cert) };
}

function onRequest(request, response) {
  const [path, search = ""] = request.url.split("?", 2);
  const query = new URLSearchParams(search);
  const [, bucket, ...rest] = path.split("/");
  const key = rest.map(decodeURIComponent).join("/");
  response.setHeader("x-amz-request-id", "SINK");
  const answer = () => handle({ request, response, query, place: `${bucket}/${key}`, bucket, key });
  if (latencyMs > 0) setTimeout(answer, latencyMs);
  else answer();
}

/** Which request it is: the first that fits answers. */
const ROUTES = [
  ["GET", ({ key }) => key === "-connections", (call) => xml(call, 200, String(connections))],
  ["PUT", ({ query }) => query.has("partNumber"), putPart],
  ["PUT", ({ key }) => key === "", (call) => xml(call, 200, "")],
  ["PUT", ({ request }) => request.headers["x-amz-copy-source"] !== undefined, copy],
  ["PUT", () => true, put],
  ["POST", ({ query }) => query.has("uploads"), createUpload],
  ["POST", ({ query }) => query.has("uploadId"), completeUpload],
  ["POST", ({ query }) => query.has("delete"), deleteMany],
  ["DELETE", () => true, remove],
  ["HEAD", () => true, head],
  ["GET", ({ key, query }) => key === "" && query.has("location"), sendLocation],
  ["GET", ({ key, query }) => key === "" && query.has("uploads"), listUploads],
  ["GET", ({ key }) => key === "", (call) => xml(call, 200, listing(objects, call.bucket, call.query))],
  ["GET", () => true, get],
];

function handle(call) {
  const route = ROUTES.find(([method, fits]) => method === call.request.method && fits(call));
  if (route === undefined) fail(call, 501, "NotImplemented");
  else route[2](call);
}

/** Some clients ask for an upload to go on with; there never is one. */
function listUploads(call) {
  xml(
    call,
    200,
    `<ListMultipartUploadsResult><Bucket>${call.bucket}</Bucket><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>`,
  );
}

function sendLocation(call) {
  xml(call, 200, "<LocationConstraint/>");
}

/** Takes a body in. `then` is given its size, and its bytes if they are few. */
function receive({ request, response }, then) {
  const isChunked =
    request.headers["x-amz-decoded-content-length"] !== undefined ||
    /aws-chunked/.test(request.headers["content-encoding"] ?? "");
  const kept = [];
  let size = 0;
  const take = (chunk) => {
    size += chunk.length;
    if (size <= KEPT_BYTES) kept.push(chunk);
    else kept.length = 0;
  };
  const decoder = isChunked ? new ChunkedDecoder(take) : undefined;
  if (request.headers.expect === "100-continue") response.writeContinue();
  request.on("data", decoder === undefined ? take : (chunk) => decoder.push(chunk));
  request.on("end", () => then(size, size <= KEPT_BYTES ? Buffer.concat(kept) : undefined));
}

function put(call) {
  receive(call, (size, bytes) => {
    const object = { size, bytes, etag: etagOf(bytes), ...factsOf(call.request) };
    objects.set(call.place, object);
    call.response.setHeader("etag", object.etag);
    call.response.writeHead(200, { "content-length": 0 }).end();
  });
}

function factsOf({ headers }) {
  const metadata = Object.entries(headers).filter(([name]) => name.startsWith("x-amz-meta-"));
  return { type: headers["content-type"] ?? "application/octet-stream", metadata, modified: new Date() };
}

/** The real digest of what is small: some clients compare it. */
function etagOf(bytes) {
  if (bytes !== undefined && bytes.length <= 1024 * 1024) {
    return `"${createHash("md5").update(bytes).digest("hex")}"`;
  }
  return `"${(++counter).toString(16).padStart(32, "0")}"`;
}

function copy(call) {
  const source = decodeURIComponent(call.request.headers["x-amz-copy-source"]).replace(/^\//, "");
  const object = objects.get(source);
  if (object === undefined) return fail(call, 404, "NoSuchKey");
  objects.set(call.place, { ...object, modified: new Date() });
  call.request.resume();
  xml(
    call,
    200,
    `<CopyObjectResult><ETag>${object.etag}</ETag><LastModified>${object.modified.toISOString()}</LastModified></CopyObjectResult>`,
  );
}

function createUpload(call) {
  const id = `upload-${++counter}`;
  uploads.set(id, { parts: new Map(), facts: factsOf(call.request) });
  call.request.resume();
  const { bucket, key } = call;
  xml(
    call,
    200,
    `<InitiateMultipartUploadResult><Bucket>${bucket}</Bucket><Key>${escaped(key)}</Key><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
  );
}

function putPart(call) {
  const upload = uploads.get(call.query.get("uploadId"));
  if (upload === undefined) return fail(call, 404, "NoSuchUpload");
  receive(call, (size, bytes) => {
    const etag = etagOf(undefined);
    upload.parts.set(Number(call.query.get("partNumber")), { size, bytes });
    call.response.setHeader("etag", etag);
    call.response.writeHead(200, { "content-length": 0 }).end();
  });
}

function completeUpload(call) {
  const id = call.query.get("uploadId");
  const upload = uploads.get(id);
  if (upload === undefined) return fail(call, 404, "NoSuchUpload");
  receive(call, () => {
    const parts = [...upload.parts].toSorted(([a], [b]) => a - b).map(([, part]) => part);
    const size = parts.reduce((sum, part) => sum + part.size, 0);
    const isKept = size <= KEPT_BYTES && parts.every(({ bytes }) => bytes !== undefined);
    const etag = `"${(++counter).toString(16).padStart(32, "0")}-${parts.length}"`;
    objects.set(call.place, {
      size,
      etag,
      ...upload.facts,
      bytes: isKept ? Buffer.concat(parts.map(({ bytes }) => bytes)) : undefined,
    });
    uploads.delete(id);
    const { bucket, key } = call;
    xml(
      call,
      200,
      `<CompleteMultipartUploadResult><Location>x</Location><Bucket>${bucket}</Bucket><Key>${escaped(key)}</Key><ETag>${escaped(etag)}</ETag></CompleteMultipartUploadResult>`,
    );
  });
}

function remove(call) {
  const id = call.query.get("uploadId");
  if (id === null) objects.delete(call.place);
  else if (!uploads.delete(id)) return fail(call, 404, "NoSuchUpload");
  call.response.writeHead(204).end();
}

function deleteMany(call) {
  receive(call, (_size, bytes) => {
    const keys = [...bytes.toString().matchAll(/<Key>(.*?)<\/Key>/gs)].map(([, key]) => key);
    for (const key of keys) objects.delete(`${call.bucket}/${key}`);
    const deleted = keys.map((key) => `<Deleted><Key>${key}</Key></Deleted>`).join("");
    xml(call, 200, `<DeleteResult>${deleted}</DeleteResult>`);
  });
}

function headersOf({ size, etag, type, metadata, modified }) {
  return {
    "content-length": size,
    etag,
    "content-type": type,
    "last-modified": modified.toUTCString(),
    "accept-ranges": "bytes",
    ...Object.fromEntries(metadata),
  };
}

function head(call) {
  const object = objects.get(call.place);
  if (object === undefined) call.response.writeHead(404).end();
  else call.response.writeHead(200, headersOf(object)).end();
}

function get(call) {
  const object = objects.get(call.place);
  const { range, "if-match": ifMatch } = call.request.headers;
  if (object === undefined) fail(call, 404, "NoSuchKey");
  else if (ifMatch !== undefined && ifMatch !== object.etag) fail(call, 412, "PreconditionFailed");
  else send(call.response, object, range);
}

function send(response, object, range) {
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(range ?? "") ?? [];
  const from = Number(first ?? 0);
  const to = last === undefined || last === "" ? object.size : Math.min(Number(last) + 1, object.size);
  const headers = { ...headersOf(object), "content-length": to - from };
  if (first !== undefined) headers["content-range"] = `bytes ${from}-${to - 1}/${object.size}`;
  response.writeHead(first === undefined ? 200 : 206, headers);
  if (object.bytes === undefined) sendZeros(response, to - from);
  else response.end(object.bytes.subarray(from, to));
}

/** A connection with a rate sends in smaller pieces. */
const PIECE_BYTES = bytesPerSecond === undefined ? ZEROS.length : ZEROS.length / 4;

/** As fast as the reader is, or at the modelled rate of one connection. */
function sendZeros(response, length) {
  const startedAt = performance.now();
  let sent = 0;
  const waitMs = () =>
    bytesPerSecond === undefined ? 0 : startedAt + (sent / bytesPerSecond) * 1000 - performance.now();
  const next = () => {
    let hasRoom = true;
    while (sent < length && hasRoom && waitMs() <= 1) {
      const piece = ZEROS.subarray(0, Math.min(PIECE_BYTES, length - sent));
      sent += piece.length;
      hasRoom = response.write(piece);
    }
    if (response.destroyed) return;
    if (sent === length) response.end();
    else if (hasRoom) setTimeout(next, waitMs());
    else response.once("drain", next);
  };
  next();
}

function xml({ response }, status, body) {
  const text = `<?xml version="1.0" encoding="UTF-8"?>${body}`;
  response
    .writeHead(status, { "content-type": "application/xml", "content-length": Buffer.byteLength(text) })
    .end(text);
}

function fail(call, status, code) {
  call.request.resume();
  xml(call, status, `<Error><Code>${code}</Code><Message>${code}</Message></Error>`);
}

function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

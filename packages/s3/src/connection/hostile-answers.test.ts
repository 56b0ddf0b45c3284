import { createStorage, isStorageError, type StorageProvider } from "@stowage/core";
import { toBody } from "@stowage/core/provider";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { Readable } from "node:stream";
import { afterEach, describe, expect, it } from "vitest";
import { s3 } from "../s3.js";

const WIRES = ["own", "sdk"] as const;
type WireName = (typeof WIRES)[number];

const CREDENTIALS = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "secret" };

const closers: (() => void)[] = [];

afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** Starts a server that reads each request to its end, and hands the connection to `answer`. */
async function rawServer(answer: (socket: Socket, line: string) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let seen = Buffer.alloc(0);
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      seen = Buffer.concat([seen, chunk]);
      for (let end = endOfRequest(seen); end !== -1; end = endOfRequest(seen)) {
        const line = seen.subarray(0, seen.indexOf("\r\n")).toString("latin1");
        seen = seen.subarray(end);
        answer(socket, line);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function endOfRequest(bytes: Buffer): number {
  const head = bytes.indexOf("\r\n\r\n");
  if (head === -1) return -1;
  const [, length = "0"] =
    /\r\ncontent-length: (\d+)/i.exec(bytes.subarray(0, head).toString("latin1")) ?? [];
  const end = head + 4 + Number(length);
  return bytes.byteLength < end ? -1 : end;
}

function providerAt(endpoint: string, wire: WireName): StorageProvider {
  const provider = s3({ bucket: "b", endpoint, credentials: CREDENTIALS, dialect: "aws", wire });
  closers.push(() => void provider.close?.());
  return provider;
}

/** Returns the result of a call, or the code of its error. An error of any other kind is a fault. */
async function outcomeOf(call: Promise<unknown>): Promise<unknown> {
  try {
    return await call;
  } catch (error) {
    if (!isStorageError(error)) throw error;
    return `${error.code}, applied: ${error.applied}`;
  }
}

async function bytesOf(body: Uint8Array | Readable): Promise<string> {
  if (!(body instanceof Readable)) return Buffer.from(body).toString();
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks).toString();
}

const DATE = "Mon, 30 Nov 2026 20:00:00 GMT";
const XML = "content-type: application/xml";

function answerOf(body: string, ...headers: string[]): string {
  const lines = ["HTTP/1.1 200 OK", "x-amz-request-id: R1", ...headers, `content-length: ${body.length}`];
  return `${lines.join("\r\n")}\r\n\r\n${body}`;
}

/** The verbs, each with a right answer. */
const VERBS: Readonly<
  Record<string, { readonly answer: string; readonly call: (provider: StorageProvider) => Promise<unknown> }>
> = {
  put: {
    answer: answerOf("", 'etag: "e"'),
    call: async (provider) => (await provider.put("a", await toBody("abc"), {})).etag,
  },
  get: {
    answer: answerOf("abc", 'etag: "e"', `last-modified: ${DATE}`),
    call: async (provider) => await bytesOf((await provider.get("a", {})).body as Readable),
  },
  head: {
    answer: answerOf("", 'etag: "e"', `last-modified: ${DATE}`, "x-amz-meta-m: v"),
    call: async (provider) => (await provider.head("a", {})).metadata,
  },
  delete: {
    answer: "HTTP/1.1 204 No Content\r\nx-amz-request-id: R1\r\n\r\n",
    call: async (provider) => (await provider.delete("a", {}), "gone"),
  },
  list: {
    answer: answerOf(
      "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>k</Key><Size>3</Size></Contents></ListBucketResult>",
      XML,
    ),
    call: async (provider) => (await provider.list({ prefix: "", limit: 10 })).objects.map(({ key }) => key),
  },
  copy: {
    answer: answerOf('<CopyObjectResult><ETag>"c"</ETag></CopyObjectResult>', XML),
    call: async (provider) => (await provider.copy?.("a", "b", { facts: {} } as never))?.etag,
  },
  deleteMany: {
    answer: answerOf("<DeleteResult><Deleted><Key>a</Key></Deleted></DeleteResult>", XML),
    call: async (provider) => await provider.deleteMany?.(["a"], {}),
  },
};

/** The answer to the HEAD that a copy begins with, when only the second request is to be tried. */
const SOURCE = answerOf("", 'etag: "s"', `last-modified: ${DATE}`);

function writeTo(socket: Socket, line: string, verb: string, answer: string | Buffer, end: boolean): void {
  if (verb === "copy" && line.startsWith("HEAD")) return void socket.write(SOURCE);
  if (end) socket.end(answer);
  else socket.write(answer);
}

describe.each(WIRES)("through the wire %s", (wire) => {
  it.each(Object.entries(VERBS))(
    "an answer to %s that is cut at any byte is a failure, never a wrong result",
    async (verb, { answer, call }) => {
      let cut = answer.length;
      const endpoint = await rawServer((socket, line) =>
        writeTo(socket, line, verb, answer.slice(0, cut), true),
      );
      const provider = providerAt(endpoint, wire);
      const whole = await outcomeOf(call(provider));
      expect(String(whole)).not.toContain("applied");
      const head = answer.indexOf("\r\n\r\n") + 4;
      for (cut = 0; cut < answer.length; cut++) {
        const outcome = await outcomeOf(call(provider));
        // HEAD has no body, so its answer is whole with its headers.
        const isWhole = cut >= head && verb === "head";
        if (isWhole) expect(outcome).toEqual(whole);
        else
          expect([cut, outcome]).toEqual([
            cut,
            expect.stringMatching(/^Unavailable, applied: (?:no|unknown)$/),
          ]);
      }
    },
  );
});

const BOMB = `<!DOCTYPE a [<!ENTITY b "${"x".repeat(100)}">]><ListBucketResult>${"&b;".repeat(1000)}</ListBucketResult>`;

/** Answers of all kinds of garbage. */
const GARBAGE: readonly (readonly [title: string, answer: string | Buffer])[] = [
  [
    "a page of HTML",
    answerOf("<html><body>It works!</body></html>", "content-type: text/html").replace(
      /x-amz-request-id: R1\r\n/,
      "",
    ),
  ],
  ["JSON", answerOf('{"message":"hello"}').replace(/x-amz-request-id: R1\r\n/, "")],
  ["another protocol", "SSH-2.0-OpenSSH_9.2\r\n"],
  ["nothing", ""],
  ["two lengths", "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 5\r\n\r\nabc"],
  ["a negative length", "HTTP/1.1 200 OK\r\ncontent-length: -3\r\n\r\nabc"],
  [
    "a length and chunks",
    "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
  ],
  ["chunks without a right length", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\nabc"],
  ["headers of 1 MiB", `HTTP/1.1 200 OK\r\nx-long: ${"x".repeat(1024 * 1024)}\r\n\r\n`],
  ["a header with a control character", 'HTTP/1.1 200 OK\r\netag: "\u0001"\r\ncontent-length: 0\r\n\r\n'],
  ["an XML bomb", answerOf(BOMB, XML).replace(/x-amz-request-id: R1\r\n/, "")],
  ["a refusal that is an XML bomb", answerOf(BOMB, XML).replace("200 OK", "500 Internal")],
  ["a refusal that is HTML", answerOf("<html>502</html>").replace("200 OK", "502 Bad Gateway")],
  ["a refusal of 1 MiB", answerOf(`<Error>${"x".repeat(1024 * 1024)}</Error>`).replace("200 OK", "503 Busy")],
];

describe("both wires answer the same to", () => {
  const cases = GARBAGE.flatMap(([title, answer]) =>
    Object.keys(VERBS).map((verb) => [title, verb, answer] as const),
  );

  it.each(cases)("%s for %s", async (title, verb, answer) => {
    const { call } = VERBS[verb] ?? expect.unreachable();
    const endpoint = await rawServer((socket, line) => writeTo(socket, line, verb, answer, true));
    const outcomes: unknown[] = [];
    for (const wire of WIRES) outcomes.push(await outcomeOf(call(providerAt(endpoint, wire))));
    const [own, sdk] = outcomes;
    expect({ title, own }).toEqual({ title, own: sdk });
    expect(own).toEqual(
      expect.stringMatching(/^(?:Unavailable|Unknown|RateLimited), applied: (?:no|unknown)$/),
    );
  });
});

describe.each(WIRES)("a connection of the wire %s", (wire) => {
  it("is not used again after more bytes than were announced", async () => {
    let count = 0;
    const endpoint = await rawServer((socket) => {
      count++;
      const { answer } = VERBS["get"] ?? expect.unreachable();
      socket.write(count === 1 ? `${answer}HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nwrong` : answer);
    });
    const provider = providerAt(endpoint, wire);
    const get = VERBS["get"] ?? expect.unreachable();
    for (let round = 0; round < 3; round++)
      expect(["abc", "Unavailable, applied: no"]).toContain(await outcomeOf(get.call(provider)));
    expect(await outcomeOf(get.call(provider))).toBe("abc");
  });

  it("that hangs in a chunked answer without an end is given up in time", async () => {
    const endpoint = await rawServer(
      (socket) =>
        void socket.write(
          "HTTP/1.1 200 OK\r\nx-amz-request-id: R1\r\ntransfer-encoding: chunked\r\n\r\n5\r\n<List\r\n",
        ),
    );
    const storage = createStorage(providerAt(endpoint, wire), { retry: false });
    const listing = storage.list({ timeoutMs: 200 })[Symbol.asyncIterator]().next();
    expect(await outcomeOf(listing)).toBe("Timeout, applied: no");
  });
});

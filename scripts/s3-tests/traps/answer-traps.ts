import { createStorage, type FileStorage } from "@stowage/core";
import { s3 } from "@stowage/s3";
import assert from "node:assert/strict";
import { inspect } from "node:util";
import {
  smallServer,
  type Seen,
  type SmallServer,
} from "../../../packages/s3/src/small-server.test-support.js";
import { MIB, streamed } from "../contents.js";
import { codeOf } from "../outcomes.js";
import { edit, type Trap } from "./trap.js";

/** Runs a test on a server that answers as no server should, and as some do. */
async function onServer(
  answer: (seen: Seen) => void,
  test: (storage: FileStorage, server: SmallServer) => Promise<void>,
): Promise<void> {
  await using server = await smallServer(answer);
  const storage = createStorage(s3(server.options), { retry: { baseMs: 1, rateLimitedBaseMs: 1 } });
  await test(storage, server);
  await storage.close();
}

const listing = (content: string): string => `<ListBucketResult>${content}</ListBucketResult>`;
const entry = (key: string): string => `<Contents><Key>${key}</Key><Size>1</Size></Contents>`;
const ENDLESS = listing(
  `<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>${entry("p/a")}`,
);

/** Takes an upload in parts whose ETags are no digests; `complete` answers its completion. */
function takingParts(complete: (seen: Seen) => void): (seen: Seen) => void {
  let mark = "";
  return (seen) => {
    const { method, query, headers, send, fail } = seen;
    if (query.has("uploads")) {
      mark = String(headers["x-amz-meta-stowage-upload-id"]);
      return send(
        200,
        {},
        "<InitiateMultipartUploadResult><UploadId>U</UploadId></InitiateMultipartUploadResult>",
      );
    }
    if (method === "HEAD")
      return send(200, { etag: '"opaque"', "content-length": "1", "x-amz-meta-stowage-upload-id": mark });
    if (method === "PUT") return send(200, { etag: '"opaque"' });
    if (method === "DELETE") return send(204);
    return method === "POST" ? complete(seen) : fail(404, "NoSuchUpload");
  };
}

export const ANSWER_TRAPS: readonly Trap[] = [
  {
    about: "answers",
    title: "Some servers leave EncodingType out, and give keys as they are: so they are listed",
    mocked: true,
    run: () =>
      onServer(
        ({ send }) => send(200, {}, listing(`<IsTruncated>false</IsTruncated>${entry("a+b%41 100%")}`)),
        async (storage) => {
          const { objects } = await storage.listPage();
          assert.deepEqual(objects[0]?.key, "a+b%41 100%");
        },
      ),
    without: [
      edit(
        "s3/src/requests/convert.ts",
        'if (EncodingType?.toLowerCase() !== "url") return text;',
        "void EncodingType;",
      ),
    ],
  },
  {
    about: "answers",
    title: "A listing that says that there is more, and not where, is not whole: it is Unavailable",
    mocked: true,
    run: () =>
      onServer(
        ({ send }) => send(200, {}, listing(`<IsTruncated>true</IsTruncated>${entry("p/a")}`)),
        async (storage) => assert.equal(await codeOf(storage.listPage()), "Unavailable"),
      ),
    without: [
      edit("s3/src/list.ts", "if (!answer.isTruncated) return", "if (answer.token === undefined) return"),
    ],
  },
  {
    about: "answers",
    title: "A listing that gives the same page for ever ends: it is Unavailable",
    mocked: true,
    run: () =>
      onServer(
        ({ send, method }) => send(200, {}, method === "POST" ? "<DeleteResult/>" : ENDLESS),
        async (storage) => assert.equal(await codeOf(storage.deletePrefix("p/")), "Unavailable"),
      ),
    without: [
      edit(
        "s3/src/list.ts",
        "if (token === before.token || isRound || empty > EMPTY_PAGES_MAX)",
        "if (isRound && false)",
      ),
    ],
  },
  {
    about: "answers",
    title:
      "A proxy leaves Content-Length out of the answer to a HEAD: the size is asked for by a range, and is not 0",
    mocked: true,
    run: () =>
      onServer(
        ({ headers, response, send }) => {
          if (headers.range !== undefined)
            return send(206, { etag: '"e"', "content-range": "bytes 0-0/1000" }, "x");
          response.writeHead(200, { etag: '"e"', "transfer-encoding": "chunked" }).end();
        },
        async (storage) => assert.equal((await storage.head("a")).size, 1000),
      ),
    without: [
      edit(
        "s3/src/requests/object-requests.ts",
        "if (sizeIn(answer) !== undefined) return objectAnswer(answer);",
        "if (answer !== undefined) return objectAnswer(answer, sizeIn(answer) ?? 0);",
      ),
    ],
  },
  {
    about: "answers",
    title: "Some servers give no ETags: an object is stored all the same, and once",
    mocked: true,
    run: () =>
      onServer(
        ({ send }) => send(200),
        async (storage, { seen }) => {
          assert.equal((await storage.put("a", "x")).etag, undefined);
          assert.equal(seen.length, 1);
        },
      ),
    without: [
      edit(
        "s3/src/connection/failure.ts",
        "etag === undefined && metadata?.requestId === undefined",
        "etag === undefined",
      ),
    ],
  },
  {
    about: "answers",
    title: "A HEAD has no code that would say that the clock is wrong: it is signed once more all the same",
    mocked: true,
    run: () => {
      const date = new Date(Date.now() + 3_600_000).toUTCString();
      let asked = 0;
      return onServer(
        ({ send }) =>
          asked++ === 0 ? send(403, { date }) : send(200, { date, etag: '"e"', "content-length": "1" }),
        async (storage) => assert.equal(await storage.exists("a"), true),
      );
    },
    without: [
      edit(
        "s3/src/connection/failure.ts",
        "Math.abs(after - before) > CLOCK_MS_MIN",
        "Math.abs(after - before) < 0",
      ),
    ],
  },
  {
    about: "answers",
    title:
      "ETags of encrypted parts are no digests: when the answer to the completion is lost, the object is known by an id",
    mocked: true,
    run: () => {
      let left = 1;
      const complete = ({ response, fail }: Seen): void =>
        left-- > 0 ? void response.destroy() : fail(404, "NoSuchUpload");
      return onServer(takingParts(complete), async (storage) => {
        await storage.put("a", streamed(Buffer.alloc(6 * MIB)));
      });
    },
    without: [edit("s3/src/upload/own-object.ts", "mark !== undefined && ownMark", 'mark === "" && ownMark')],
  },
  {
    about: "answers",
    title:
      "Amazon confirms for hours that an upload is aborted: one request is enough when no part was under way",
    mocked: true,
    run: () =>
      onServer(
        takingParts(({ fail }) => fail(403, "AccessDenied")),
        async (storage, { seen }) => {
          const put = storage.put("a", streamed(Buffer.alloc(6 * MIB)));
          assert.equal(await codeOf(put), "PermissionDenied");
          assert.equal(seen.at(-1)?.method, "DELETE");
          assert.equal(seen.filter(({ method }) => method === "DELETE").length, 1);
        },
      ),
    without: [edit("s3/src/upload/created-upload.ts", "if (!isMoving || ", "if (")],
  },
  {
    about: "answers",
    title: "The key management service asks to slow down with a 400: the put is sent again",
    mocked: true,
    run: () => {
      let asked = 0;
      return onServer(
        ({ send, fail }) =>
          asked++ === 0 ? fail(400, "KMS.ThrottlingException") : send(200, { etag: '"e"' }),
        async (storage) => void (await storage.put("a", "x")),
      );
    },
    without: [edit("s3/src/server/codes.ts", "/throttl|limitexceeded/i.test(code)", "code.length === 0")],
  },
  {
    about: "answers",
    title: "MinIO has folders: a key below an object is Unsupported",
    mocked: true,
    run: () =>
      onServer(
        ({ fail }) => fail(400, "XMinioParentIsObject"),
        async (storage) => assert.equal(await codeOf(storage.put("a/b", "x")), "Unsupported"),
      ),
    without: [edit("s3/src/server/codes.ts", "  XMinioParentIsObject: PARENT,\n", "")],
  },
  {
    about: "answers",
    title: "The SDK's errors hold the answer, which repeats what was signed: a printed error does not",
    mocked: true,
    run: () =>
      onServer(
        ({ send, headers }) => {
          const canonical = `<CanonicalRequest>${headers.authorization}</CanonicalRequest>`;
          send(403, {}, `<Error><Code>SignatureDoesNotMatch</Code>${canonical}</Error>`);
        },
        async (storage) => {
          const error: unknown = await storage.put("a", "x").catch((failure: unknown) => failure);
          assert.ok(!inspect(error, { depth: 10 }).includes("Signature="));
        },
      ),
    without: [
      edit("s3/src/connection/failure.ts", "cause: safeCause(error),", "cause: (void safeCause, error),"),
    ],
    // The own wire makes its errors itself, of the code and the ids alone.
    withoutOwn: [],
  },
];

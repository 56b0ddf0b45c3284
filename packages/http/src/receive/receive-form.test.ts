import { connect } from "node:net";
import { createStorage, memory, type FileStorage } from "@stowage/core";
import { intercept } from "@stowage/core/provider";
import { afterEach, describe, expect, it } from "vitest";
import { sendError } from "../wire/error-response.js";
import type { ReceiveFormOptions } from "./form-options.js";
import { HttpError } from "../wire/http-error.js";
import { failedFile } from "./failed-file.js";
import { receiveForm } from "./receive-form.js";
import { httpStatus } from "../wire/status.js";
import { listen, type Running } from "../testing/servers.test-support.js";

const OPTIONS: ReceiveFormOptions = { maxBytes: 1000, key: ({ fileName }) => `in/${fileName}` };
const BOUNDARY = "----abc";

function post(body: FormData | string, type = `multipart/form-data; boundary=${BOUNDARY}`): Request {
  const headers: Record<string, string> = typeof body === "string" ? { "content-type": type } : {};
  return new Request("http://localhost/", { method: "POST", body, headers });
}

function form(...files: readonly (readonly [name: string, content: string])[]): FormData {
  const data = new FormData();
  for (const [name, content] of files) data.append("file", new Blob([content], { type: "text/plain" }), name);
  return data;
}

/** A part as a client writes it. */
function part(disposition: string, content: string, type = "text/plain"): string {
  return `--${BOUNDARY}\r\nContent-Disposition: ${disposition}\r\nContent-Type: ${type}\r\n\r\n${content}\r\n`;
}

/** A form whose second half comes when its first file is stored. */
function late(storage: FileStorage, rest: string): Request {
  const chunks = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    yield Buffer.from(`${part('form-data; name="file"; filename="first.txt"', "stored")}--${BOUNDARY}\r\n`);
    while (!(await storage.exists("in/first.txt"))) await new Promise(setImmediate);
    yield Buffer.from(rest);
  };
  return new Request("http://localhost/", {
    method: "POST",
    body: ReadableStream.from(chunks()),
    duplex: "half",
    headers: { "content-type": `multipart/form-data; boundary=${BOUNDARY}` },
  });
}

const END = `--${BOUNDARY}--\r\n`;

async function keys(storage: FileStorage): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of storage.list()) found.push(key);
  return found;
}

async function failureOf(call: Promise<unknown>): Promise<unknown> {
  return await call.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe("receiveForm", () => {
  it("tells the progress of each file", async () => {
    const taken = new Map<string, number>();
    const onProgress: ReceiveFormOptions["onProgress"] = ({ loaded }, file) =>
      taken.set(file.fileName, loaded);
    const data = form(["a.txt", "first"], ["b.txt", "second"]);
    await receiveForm(createStorage(memory()), post(data), { ...OPTIONS, onProgress });
    expect(Object.fromEntries(taken)).toEqual({ "a.txt": 5, "b.txt": 6 });
  });

  it("stores the files, and returns the fields", async () => {
    const storage = createStorage(memory());
    const data = form(["a.txt", "first"], ["b.txt", "second"]);
    data.append("tag", "one");
    data.append("tag", "two");
    data.append("__proto__", "three");
    const { fields, files } = await receiveForm(storage, post(data), OPTIONS);
    expect([...fields]).toEqual([
      ["tag", ["one", "two"]],
      ["__proto__", ["three"]],
    ]);
    expect(
      files.map(({ field, fileName, contentType, info }) => [field, fileName, contentType, info.key]),
    ).toEqual([
      ["file", "a.txt", "text/plain", "in/a.txt"],
      ["file", "b.txt", "text/plain", "in/b.txt"],
    ]);
    expect(await (await storage.get("in/b.txt")).text()).toBe("second");
  });

  it("gives the key function the fields that came before", async () => {
    const storage = createStorage(memory());
    const data = new FormData();
    data.append("album", "holiday");
    data.append("file", new Blob(["x"]), "a.txt");
    const key: ReceiveFormOptions["key"] = ({ fileName }, fields) =>
      `${fields.get("album")?.[0]}/${fileName}`;
    await receiveForm(storage, post(data), { ...OPTIONS, key });
    expect(await keys(storage)).toEqual(["holiday/a.txt"]);
  });

  it.each([
    ["Größe 1.txt", 'filename="Größe 1.txt"'],
    ["passwd", 'filename="../../etc/passwd"'],
    ["a.txt", 'filename="C:\\\\fakepath\\\\a.txt"'],
  ])("reads a file name as its user wrote it: %s", async (expected, parameter) => {
    const storage = createStorage(memory());
    const body = part(`form-data; name="file"; ${parameter}`, "x") + END;
    const { files } = await receiveForm(storage, post(body), { ...OPTIONS, key: () => "a" });
    expect(files[0]?.fileName).toBe(expected);
  });

  it("keeps the names of files, where it is asked to", async () => {
    const storage = createStorage(memory());
    await receiveForm(storage, post(form(["Größe.txt", "x"])), {
      ...OPTIONS,
      key: () => "a",
      keepFileNames: true,
    });
    expect((await storage.head("a")).contentDisposition).toBe(
      "inline; filename=\"Gr__e.txt\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe.txt",
    );
  });

  it("takes an input without a file for no file", async () => {
    const storage = createStorage(memory());
    const body = part('form-data; name="file"; filename=""', "", "application/octet-stream") + END;
    expect((await receiveForm(storage, post(body), OPTIONS)).files).toEqual([]);
    expect(await keys(storage)).toEqual([]);
  });

  const first = part('form-data; name="file"; filename="first.txt"', "stored");
  it.each([
    ["is cut off at the end of its only file", first, 400],
    ["is cut off after a file", `${first}--${BOUNDARY}`, 400],
    [
      "is cut off within a file",
      first + part('form-data; name="file"; filename="b.txt"', "x").slice(0, -10),
      400,
    ],
    ["is cut off within a field", first + part('form-data; name="text"', "x").slice(0, -2), 400],
    [
      "has a file that is too long",
      first + part('form-data; name="file"; filename="b.txt"', "x".repeat(1001)) + END,
      413,
    ],
    ["has a field that is too long", first + part('form-data; name="text"', "x".repeat(65_537)) + END, 413],
    ["has too many files", first.repeat(11) + END, 413],
    ["has too many fields", first + part('form-data; name="text"', "x").repeat(101) + END, 413],
    ["has thousands of parts", first + part("attachment", "x").repeat(5000) + END, 413],
    ["has a file without a field", first + part('form-data; filename="b.txt"', "x") + END, 400],
    ["has a field without a name", first + part("form-data", "x") + END, 400],
    ["has a file of a key that is there", first + first + END, 409],
    [
      "has a file of a key that is none",
      first + part('form-data; name="file"; filename="..."', "x") + END,
      404,
    ],
    ["has nothing", "", 400],
    ["has a part without a disposition", `${first}--${BOUNDARY}\r\n\r\nlost\r\n${END}`, 400],
    ["has a part of another kind", first + part("attachment", "lost") + END, 400],
    [
      "has a part with too many headers",
      `${first}--${BOUNDARY}\r\n${"X-A: b\r\n".repeat(25)}${part('form-data; name="file"; filename="b"', "x").slice(BOUNDARY.length + 4)}${END}`,
      400,
    ],
    [
      "has a file whose name is a folder",
      first + part('form-data; name="file"; filename="dir/"', "lost") + END,
      400,
    ],
  ])("keeps nothing of a form that %s", async (_title, body, status) => {
    const storage = createStorage(memory());
    const error = await failureOf(receiveForm(storage, post(body), OPTIONS));
    expect(httpStatus(error)).toBe(status);
    expect(await keys(storage)).toEqual([]);
  });

  it("removes a file that is stored already when the rest of the form is refused", async () => {
    const storage = createStorage(memory());
    const second = 'Content-Disposition: form-data; name="file"; filename="b"\r\n\r\n';
    for (const [rest, status] of [
      [`${second}cut`, 400],
      [`${second}${"x".repeat(1001)}\r\n${END}`, 413],
    ] as const) {
      expect(httpStatus(await failureOf(receiveForm(storage, late(storage, rest), OPTIONS)))).toBe(status);
      expect(await keys(storage)).toEqual([]);
    }
  });

  it("leaves alone what somebody else has written meanwhile", async () => {
    const storage = createStorage(memory());
    const key = async ({ fileName }: { readonly fileName: string }): Promise<string> => {
      if (fileName === "b") {
        await storage.put("in/first.txt", "of somebody else");
        throw new HttpError(403, "Forbidden", "it is the second");
      }
      return `in/${fileName}`;
    };
    const second = 'Content-Disposition: form-data; name="file"; filename="b"\r\n\r\n';
    await failureOf(receiveForm(storage, late(storage, `${second}x\r\n${END}`), { ...OPTIONS, key }));
    expect(await (await storage.get("in/first.txt")).text()).toBe("of somebody else");
  });

  it("refuses what is no form", async () => {
    const storage = createStorage(memory());
    expect(httpStatus(await failureOf(receiveForm(storage, post("abc", "text/plain"), OPTIONS)))).toBe(415);
    expect(
      httpStatus(await failureOf(receiveForm(storage, post("abc", "multipart/form-data"), OPTIONS))),
    ).toBe(400);
  });

  it.each([BOUNDARY, "a", `"with space"`, `"a=b:c,d"`, "x".repeat(70)])(
    "takes a boundary of any form: %s",
    async (boundary) => {
      const storage = createStorage(memory());
      const plain = boundary.replaceAll('"', "");
      const body = (part('form-data; name="file"; filename="a"', "text --") + END).replaceAll(
        BOUNDARY,
        plain,
      );
      const { files } = await receiveForm(
        storage,
        post(body, `multipart/form-data; boundary=${boundary}`),
        OPTIONS,
      );
      expect(files.map(({ info }) => info.size)).toEqual([7]);
    },
  );

  it("counts parts wherever a chunk ends", async () => {
    const body =
      part('form-data; name="file"; filename="a"', "x") + part('form-data; name="text"', "y") + END;
    for (let size = 1; size < 40; size++) {
      const storage = createStorage(memory());
      const chunks = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
        for (let at = 0; at < body.length; at += size) yield Buffer.from(body.slice(at, at + size));
      };
      const request = new Request("http://localhost/", {
        method: "POST",
        body: ReadableStream.from(chunks()),
        duplex: "half",
        headers: { "content-type": `multipart/form-data; boundary=${BOUNDARY}` },
      });
      const { files, fields } = await receiveForm(storage, request, OPTIONS);
      expect([files.length, fields.get("text")]).toEqual([1, ["y"]]);
    }
  });

  it("survives a key function that throws nothing", async () => {
    const key = (): string => {
      throw undefined;
    };
    const error = await failureOf(
      receiveForm(createStorage(memory()), post(form(["a", "x"])), { ...OPTIONS, key }),
    );
    expect(httpStatus(error)).toBe(500);
  });

  it("throws what the key function throws, and keeps nothing", async () => {
    const storage = createStorage(memory());
    let count = 0;
    const key = ({ fileName }: { readonly fileName: string }): string => {
      if (++count === 2) throw new HttpError(403, "Quota", "the user has no room left");
      return fileName;
    };
    const error = await failureOf(
      receiveForm(storage, post(form(["a", "x"], ["b", "y"])), { ...OPTIONS, key }),
    );
    expect(error).toMatchObject({ status: 403, code: "Quota" });
    expect(await keys(storage)).toEqual([]);
  });

  it("looks into files", async () => {
    const storage = createStorage(memory());
    const options = { ...OPTIONS, types: ["image/*"] };
    const error = await failureOf(receiveForm(storage, post(form(["a.png", "no"])), options));
    expect([httpStatus(error), failedFile(error)?.fileName]).toEqual([415, "a.png"]);
    const other = await failureOf(receiveForm(storage, post("abc"), options));
    expect(failedFile(other)).toBeUndefined();
    expect(await keys(storage)).toEqual([]);
  });

  it("says when a file could not be removed again", async () => {
    const stubborn = intercept(memory(), {
      type: "stubborn",
      around: async ({ operation }, next) => {
        if (operation === "delete") throw new Error("it does not want to");
        return await next();
      },
    });
    const storage = createStorage(stubborn, { retry: false });
    const error = await failureOf(receiveForm(storage, late(storage, ""), OPTIONS));
    expect(error).toMatchObject({ operation: "delete", key: "in/first.txt" });
  });
});

describe("receiveForm under node:http", () => {
  let running: Running | undefined;
  afterEach(async () => await running?.close());

  it("keeps nothing when the client leaves", async () => {
    const storage = createStorage(memory());
    const ended: Promise<unknown>[] = [];
    running = await listen((request, response) => {
      const storing = receiveForm(storage, request, OPTIONS);
      ended.push(failureOf(storing));
      storing.catch((error: unknown) => sendError(response, error));
    });
    const socket = connect(Number(new URL(running.url).port), "127.0.0.1");
    const head = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\nContent-Type: multipart/form-data; boundary=${BOUNDARY}\r\n\r\n`;
    socket.write(head + part('form-data; name="file"; filename="first.txt"', "stored"));
    while (ended.length === 0) await new Promise(setImmediate);
    socket.destroy();
    expect(httpStatus(await ended[0])).toBe(400);
    expect(await keys(storage)).toEqual([]);
  });

  it("gives up on a client that drips", async () => {
    const storage = createStorage(memory());
    const ended: Promise<unknown>[] = [];
    running = await listen((request, response) => {
      const storing = receiveForm(storage, request, { ...OPTIONS, idleMs: 30 });
      ended.push(failureOf(storing));
      storing.catch((error: unknown) => sendError(response, error));
    });
    const socket = connect(Number(new URL(running.url).port), "127.0.0.1");
    socket.on("error", () => {});
    socket.write(
      `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\nContent-Type: multipart/form-data; boundary=${BOUNDARY}\r\n\r\n--`,
    );
    const answer = await new Promise<string>((resolve) =>
      socket.once("data", (data: Buffer) => resolve(data.toString())),
    );
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(httpStatus(await ended[0])).toBe(400);
    socket.destroy();
  });
});

/** The first box of an MP4. */
const MP4 = Buffer.from("000000186674797069736f6d0000020069736f6d61766331", "hex");
const PNG = Buffer.concat([
  Buffer.from("89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489", "hex"),
  Buffer.from("0000000a49444154789c6300010000050001", "hex"),
]);

function upload(...files: readonly (readonly [field: string, name: string, content: Buffer])[]): Request {
  const data = new FormData();
  for (const [field, name, content] of files) data.append(field, new Blob([new Uint8Array(content)]), name);
  return new Request("http://localhost/", { method: "POST", body: data });
}

describe("the fields of a form that may have files", () => {
  const limits: ReceiveFormOptions = {
    ...OPTIONS,
    key: ({ field, extension }) => `${field}.${extension}`,
    files: {
      video: { types: ["video/*"], required: true },
      thumbnail: { types: ["image/png"], maxBytes: 100 },
    },
  };

  it("have limits of their own, and keys with the extension that the bytes show", async () => {
    const storage = createStorage(memory());
    const request = upload(["video", "film.MOV", MP4], ["thumbnail", "picture", PNG]);
    const { files } = await receiveForm(storage, request, limits);
    expect(files.map(({ contentType, info }) => [contentType, info.key, info.contentType])).toEqual([
      ["video/mp4", "video.mp4", "video/mp4"],
      ["image/png", "thumbnail.png", "image/png"],
    ]);
  });

  it.each<[string, Request, number, string, string | undefined]>([
    ["a type of another field", upload(["video", "a.mp4", PNG]), 415, "UnsupportedMediaType", "video"],
    [
      "more bytes than the field may have",
      upload(["video", "a.mp4", MP4], ["thumbnail", "a.png", Buffer.concat([PNG, Buffer.alloc(100)])]),
      413,
      "TooLarge",
      "thumbnail",
    ],
    [
      "a field that may have no file",
      upload(["video", "a.mp4", MP4], ["x", "a", PNG]),
      400,
      "UnexpectedFile",
      "x",
    ],
    ["a field of Object's own", upload(["constructor", "a", PNG]), 400, "UnexpectedFile", "constructor"],
    ["no file where one is required", upload(["thumbnail", "a.png", PNG]), 400, "MissingFile", undefined],
  ])("refuse %s, and nothing stays", async (_, request, status, code, field) => {
    const storage = createStorage(memory());
    const error = await failureOf(receiveForm(storage, request, limits));
    expect([httpStatus(error), (error as { code: string }).code]).toEqual([status, code]);
    expect(failedFile(error)?.field).toBe(field);
    expect(await keys(storage)).toEqual([]);
  });

  it("are checked when the function is called", async () => {
    const wrong = { ...OPTIONS, files: { video: { maxbytes: 5 } } } as unknown as ReceiveFormOptions;
    await expect(receiveForm(createStorage(memory()), upload(), wrong)).rejects.toThrow(
      /receiveForm: files\.video.*maxBytes/,
    );
  });
});

describe("the file that an error is about", () => {
  const mixed: ReceiveFormOptions = { ...OPTIONS, key: ({ field }) => field, types: ["image/png"] };

  it.each([[["good", "bad"]], [["bad", "good"]], [["good", "good2", "bad"]]])(
    "of %j is the bad one",
    async (fields) => {
      const files = fields.map(
        (field) => [field, "a.png", field === "bad" ? Buffer.from("text") : PNG] as const,
      );
      const error = await failureOf(receiveForm(createStorage(memory()), upload(...files), mixed));
      expect(failedFile(error)?.field).toBe("bad");
    },
  );

  it("is none when the whole form is refused", async () => {
    const files = ["one", "two", "three"].map((field) => [field, "a.png", PNG] as const);
    const error = await failureOf(
      receiveForm(createStorage(memory()), upload(...files), { ...mixed, maxFiles: 2 }),
    );
    expect([httpStatus(error), failedFile(error)]).toEqual([413, undefined]);
  });
});

describe("a store without create-only writes", () => {
  const { supports, ...rest } = memory({ name: "plain" });
  const plain = { ...rest, supports: { ...supports, ifNoneMatch: false } };

  it("says what to do", async () => {
    const error = await failureOf(receiveForm(createStorage(plain), post(form(["a.txt", "x"])), OPTIONS));
    expect(String(error)).toContain(
      '"plain" does not support create-only writes: set overwrite: true if each key is new',
    );
  });

  it("takes forms with overwrite: true", async () => {
    const storage = createStorage(plain);
    await receiveForm(storage, post(form(["a.txt", "x"])), { ...OPTIONS, overwrite: true });
    expect(await keys(storage)).toEqual(["in/a.txt"]);
  });
});

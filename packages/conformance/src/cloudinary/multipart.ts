import type { Readable } from "node:stream";
import { Refusal } from "./refusal.js";

/** The headers of one part of a form. After the headers comes the part's value or file, which is read as it arrives. */
interface PartHead {
  readonly name: string;
  readonly filename: string | undefined;
}

/** The receiver of the bytes of a form's file. */
export interface FileSink {
  readonly write: (bytes: Buffer) => void | Promise<void>;
}

/** The content of a form, without the bytes of its file. */
export interface Form {
  readonly fields: Record<string, string | string[]>;
  /** The name of the file, if the form had a file. */
  readonly filename: string | undefined;
}

const FIELD_BYTES_MAX = 1024 * 1024;
const HEAD_END = "\r\n\r\n";

/**
 * Reads a form, and passes on the bytes of the form's file as they arrive. Refuses a form if its framing breaks RFC 7578.
 *
 * @param openFile - Called when the file begins, with all the fields that came before it.
 */
export async function readForm(
  source: Readable,
  boundary: string,
  openFile: (fields: Form["fields"]) => FileSink | Promise<FileSink>,
): Promise<Form> {
  if (boundary === "") throw new Refusal(400, "Malformed multipart body: empty boundary");
  const reader = new FormReader(source, boundary);
  const fields: Form["fields"] = {};
  let filename: string | undefined;
  for (let head = await reader.nextPart(); head !== undefined; head = await reader.nextPart()) {
    if (head.filename !== undefined && head.name === "file") {
      filename = head.filename;
      const sink = await openFile(fields);
      await reader.readBody((bytes) => sink.write(bytes));
    } else addField(fields, head.name, await reader.readText());
  }
  return { fields, filename };
}

export function addField(fields: Form["fields"], name: string, value: string): void {
  if (!name.endsWith("[]")) {
    if (Object.hasOwn(fields, name)) throw new Refusal(400, `Field ${name} appears twice`);
    fields[name] = value;
    return;
  }
  const list = name.slice(0, -2);
  const before = fields[list];
  fields[list] = Array.isArray(before) ? [...before, value] : [value];
}

/** A reader that cuts a stream at the boundaries of a form. */
class FormReader {
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #boundary: string;
  readonly #delimiter: Buffer;
  #buffer: Buffer = Buffer.alloc(0);
  #begun = false;

  constructor(source: Readable, boundary: string) {
    this.#chunks = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    this.#boundary = boundary;
    this.#delimiter = Buffer.from(`\r\n--${boundary}`);
  }

  async nextPart(): Promise<PartHead | undefined> {
    // The first boundary has no line before it.
    const expected = this.#begun ? "" : `--${this.#boundary}`;
    if (!this.#begun) await this.#expect(expected);
    this.#begun = true;
    await this.#atLeast(2);
    const mark = this.#take(2).toString("latin1");
    if (mark === "--") {
      await this.#drain();
      return undefined;
    }
    if (mark !== "\r\n") throw malformed("no line break after a boundary");
    return partHead(await this.#until(HEAD_END));
  }

  async readText(): Promise<string> {
    const pieces: Buffer[] = [];
    let length = 0;
    await this.readBody((bytes) => {
      length += bytes.byteLength;
      if (length > FIELD_BYTES_MAX) throw new Refusal(400, "A field is too large");
      pieces.push(Buffer.from(bytes));
    });
    return Buffer.concat(pieces).toString("utf8");
  }

  async readBody(write: FileSink["write"]): Promise<void> {
    for (;;) {
      const end = this.#buffer.indexOf(this.#delimiter);
      if (end !== -1) {
        if (end > 0) await write(this.#take(end));
        this.#take(this.#delimiter.byteLength);
        return;
      }
      // The last bytes may be the beginning of a boundary, so they are held back.
      const safe = this.#buffer.byteLength - this.#delimiter.byteLength;
      if (safe > 0) await write(this.#take(safe));
      if (!(await this.#more())) throw malformed("it ends in the middle of a part");
    }
  }

  async #until(mark: string): Promise<string> {
    for (;;) {
      const end = this.#buffer.indexOf(mark);
      if (end !== -1) {
        const text = this.#take(end).toString("latin1");
        this.#take(mark.length);
        return text;
      }
      if (this.#buffer.byteLength > FIELD_BYTES_MAX || !(await this.#more())) {
        throw malformed("a part has no headers");
      }
    }
  }

  async #expect(text: string): Promise<void> {
    await this.#atLeast(text.length);
    if (this.#take(text.length).toString("latin1") !== text)
      throw malformed("it does not begin with a boundary");
  }

  async #atLeast(bytes: number): Promise<void> {
    while (this.#buffer.byteLength < bytes) if (!(await this.#more())) throw malformed("it ends too early");
  }

  async #drain(): Promise<void> {
    const rest = this.#buffer.toString("latin1");
    if (rest !== "" && rest !== "\r\n") throw malformed("something follows its end");
    while (await this.#more()) if (this.#buffer.byteLength > 2) throw malformed("something follows its end");
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#chunks.next();
    if (done === true) return false;
    this.#buffer = this.#buffer.byteLength === 0 ? value : Buffer.concat([this.#buffer, value]);
    return true;
  }

  #take(bytes: number): Buffer {
    const taken = this.#buffer.subarray(0, bytes);
    this.#buffer = this.#buffer.subarray(bytes);
    return taken;
  }
}

function partHead(text: string): PartHead {
  const line = text.split("\r\n").find((header) => /^content-disposition:/i.test(header));
  const found = /^content-disposition:\s*form-data;\s*name="([^"]*)"(?:;\s*filename="([^"]*)")?\s*$/i.exec(
    line ?? "",
  );
  if (found?.[1] === undefined) throw malformed("a part has no name");
  return { name: found[1], filename: found[2] };
}

function malformed(reason: string): Refusal {
  return new Refusal(400, `Malformed multipart body: ${reason}`);
}

/** A listener to the elements of a document. The root has depth 1. */
export interface XmlListener {
  /** Called for the start of an element that has children. */
  readonly open?: (name: string, depth: number) => void;
  /** Called for an element without children, with its text. Entities in the text are decoded, and spaces are kept. */
  readonly leaf: (name: string, text: string, depth: number) => void;
  /** Called for the end of an element that has children. */
  readonly close?: (name: string, depth: number) => void;
}

/** The error for a text that is not well-formed XML, or that uses features of XML that S3 never uses. */
export class XmlError extends Error {
  override readonly name = "XmlError";
}

/** The maximum depth of an element. The deepest element in an answer of S3 has depth 7. */
const DEPTH_MAX = 32;

/**
 * Reads a document from its start to the end of its root. Text is never turned into a number, and spaces are kept.
 *
 * @throws XmlError for a text that is not well-formed, for a document type, and for more than 32 levels.
 */
export function readXml(text: string, listener: XmlListener): void {
  const source = text.includes("\r") ? text.replaceAll(/\r\n?/g, "\n") : text;
  const reader = new XmlReader(source, listener);
  while (reader.step());
}

const SLASH = 0x2f;
const EXCLAMATION = 0x21;
const QUESTION = 0x3f;
const GREATER = 0x3e;
const QUOTE = 0x22;
const APOSTROPHE = 0x27;

class XmlReader {
  readonly #text: string;
  readonly #listener: XmlListener;
  readonly #open: string[] = [];
  #at: number;
  /** The text of the innermost element, while that element has no children. */
  #content: string | undefined;

  constructor(text: string, listener: XmlListener) {
    this.#text = text;
    this.#listener = listener;
    this.#at = text.indexOf("<");
    const before = this.#at === -1 ? text : text.slice(0, this.#at);
    if (/[^\s\uFEFF]/.test(before)) throw new XmlError("the document begins with a text");
  }

  /** Reads one tag and the text behind it. Returns false at the end of the root. */
  step(): boolean {
    if (this.#at === -1) throw new XmlError("the document ends too early");
    const kind = this.#text.charCodeAt(this.#at + 1);
    if (kind === SLASH) this.#closeTag();
    else if (kind === EXCLAMATION) this.#skipMarkup();
    else if (kind === QUESTION) this.#at = this.#behind("?>", this.#at);
    else this.#openTag();
    if (this.#open.length === 0 && this.#isDone) return false;
    this.#readText();
    return true;
  }

  #isDone = false;

  #readText(): void {
    const next = this.#text.indexOf("<", this.#at);
    if (next > this.#at && this.#content !== undefined) {
      this.#content += decodeEntities(this.#text.slice(this.#at, next));
    }
    this.#at = next;
  }

  /**
   * Reads the start of an element. If the element has no children, reads the whole element, because most elements have
   * none.
   */
  #openTag(): void {
    const text = this.#text;
    const start = this.#at + 1;
    const end = this.#endOfTag(start);
    const isEmpty = text.charCodeAt(end - 1) === SLASH;
    const name = nameIn(text, start, isEmpty ? end - 1 : end);
    if (this.#content !== undefined) this.#openParent();
    const depth = this.#open.length + 1;
    if (depth > DEPTH_MAX) throw new XmlError("the document has too many levels");
    this.#at = end + 1;
    if (isEmpty) return this.#leaf(name, "", depth);
    const next = text.indexOf("<", this.#at);
    const behind = next + 2 + name.length;
    const isLeaf =
      text.charCodeAt(next + 1) === SLASH && text.startsWith(name, next + 2) && text[behind] === ">";
    if (next !== -1 && isLeaf) {
      const content = decodeEntities(text.slice(this.#at, next));
      this.#at = behind + 1;
      return this.#leaf(name, content, depth);
    }
    this.#open.push(name);
    this.#content = "";
  }

  #leaf(name: string, content: string, depth: number): void {
    this.#isDone = depth === 1;
    this.#listener.leaf(name, content, depth);
  }

  #openParent(): void {
    const depth = this.#open.length;
    this.#content = undefined;
    this.#listener.open?.(this.#open[depth - 1] ?? "", depth);
  }

  #closeTag(): void {
    const end = this.#text.indexOf(">", this.#at);
    const name = this.#text.slice(this.#at + 2, end).trimEnd();
    const depth = this.#open.length;
    if (end === -1 || this.#open.pop() !== name) throw new XmlError("the tags of the document do not match");
    this.#at = end + 1;
    const content = this.#content;
    this.#content = undefined;
    this.#isDone = depth === 1;
    if (content === undefined) this.#listener.close?.(name, depth);
    else this.#listener.leaf(name, content, depth);
  }

  /** Skips a comment, and reads a section of plain text. Refuses a document type, because it can define entities. */
  #skipMarkup(): void {
    const at = this.#at;
    if (this.#text.startsWith("<!--", at)) {
      this.#at = this.#behind("-->", at);
    } else if (this.#text.startsWith("<![CDATA[", at)) {
      this.#at = this.#behind("]]>", at);
      if (this.#content !== undefined) this.#content += this.#text.slice(at + 9, this.#at - 3);
    } else throw new XmlError("the document has a document type");
  }

  #behind(end: string, from: number): number {
    const found = this.#text.indexOf(end, from);
    if (found === -1) throw new XmlError("the document ends too early");
    return found + end.length;
  }

  /** Returns the place of the `>` that ends a tag. A `>` inside the value of an attribute does not end the tag. */
  #endOfTag(start: number): number {
    const text = this.#text;
    for (let at = start; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === GREATER) return at;
      if (code !== QUOTE && code !== APOSTROPHE) continue;
      at = text.indexOf(text.charAt(at), at + 1);
      if (at === -1) break;
    }
    throw new XmlError("the document ends too early");
  }
}

function nameIn(text: string, start: number, end: number): string {
  let at = start;
  while (at < end && text.charCodeAt(at) > 0x20) at++;
  if (at === start) throw new XmlError("a tag of the document has no name");
  return text.slice(start, at);
}

const NAMED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
const CODE_POINT_MAX = 0x10_ff_ff;

/**
 * Returns a text with its entities decoded. XML without a document type has only the five entities of `NAMED`, and
 * entities that are numbers.
 */
function decodeEntities(text: string): string {
  if (!text.includes("&")) return text;
  return text.replaceAll(/&(?:#x([0-9a-f]{1,6})|#([0-9]{1,7})|([a-z][a-z0-9]{0,30}));/gi, decodeEntity);
}

function decodeEntity(_all: string, hex?: string, decimal?: string, named = ""): string {
  const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
  if (hex !== undefined || decimal !== undefined)
    return code > CODE_POINT_MAX ? "" : String.fromCodePoint(code);
  return Object.hasOwn(NAMED, named) ? (NAMED[named] ?? "") : "";
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
  "\r": "&#x0D;",
  "\n": "&#x0A;",
  "\u0085": "&#x85;",
  "\u2028": "&#x2028;",
};

/** Returns a text with the special characters of XML escaped. */
export function escapeXml(text: string): string {
  return text.replaceAll(/[&<>"'\r\n\u0085\u2028]/g, (character) => ESCAPES[character] ?? character);
}

/**
 * Takes the framing out of a body in the form `aws-chunked`.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
 */
export class ChunkedDecoder {
  #take;
  #head = Buffer.alloc(0);
  /** Bytes of the chunk that are still to come, its line break not included; -1 while its length is read. */
  #left = -1;
  #skip = 0;
  #isOver = false;

  constructor(take) {
    this.#take = take;
  }

  push(chunk) {
    let rest = chunk;
    while (rest.length > 0 && !this.#isOver)
      rest = this.#left === -1 ? this.#readLength(rest) : this.#readBytes(rest);
  }

  #readLength(chunk) {
    const text = Buffer.concat([this.#head, chunk]);
    const end = text.indexOf("\r\n");
    if (end === -1) {
      this.#head = text;
      return Buffer.alloc(0);
    }
    this.#head = Buffer.alloc(0);
    this.#left = Number.parseInt(text.toString("latin1", 0, end), 16);
    this.#skip = 2;
    // Trailers follow the last one.
    if (this.#left === 0) this.#isOver = true;
    return text.subarray(end + 2);
  }

  #readBytes(chunk) {
    const bytes = chunk.subarray(0, this.#left);
    if (bytes.length > 0) this.#take(bytes);
    this.#left -= bytes.length;
    if (this.#left > 0) return chunk.subarray(bytes.length);
    const skipped = Math.min(this.#skip, chunk.length - bytes.length);
    this.#skip -= skipped;
    if (this.#skip === 0) this.#left = -1;
    return chunk.subarray(bytes.length + skipped);
  }
}

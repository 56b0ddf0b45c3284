import { mutant, type Mutant } from "../mutant.js";
import { find, putBytes, streamed, verbs } from "./breaks.js";
import { shorter } from "./bodies.js";

const BLOCKS = [
  ["64 KiB", 64 * 1024],
  ["256 KiB", 256 * 1024],
  ["1 MiB", 1024 * 1024],
  ["5 MiB", 5 * 1024 * 1024],
] as const;

export const sizeMutants: readonly Mutant[] = [
  mutant(
    "an object of zero bytes can be stored and read",
    "stores one byte for an empty body",
    putBytes((bytes, body) => (body.bytes?.byteLength === 0 ? Uint8Array.of(0) : bytes)),
  ),
  mutant(
    "a stream that ends without any bytes makes an empty object",
    "stores one byte for an empty stream",
    streamed((bytes) => (bytes.byteLength === 0 ? Uint8Array.of(0) : bytes)),
  ),
  mutant(
    "an object can be replaced by an empty object",
    "ignores a put of an empty body",
    verbs((inner) => ({
      put: async (key, body, options) => {
        const old = await find(inner, key);
        return body.size === 0 && old !== undefined ? old : await inner.put(key, body, options);
      },
    })),
  ),
  mutant(
    "an object of one byte can be stored and read",
    "treats one zero byte as an empty body",
    putBytes((bytes) => (bytes.byteLength === 1 ? new Uint8Array(0) : bytes)),
  ),
  ...BLOCKS.flatMap(([name, block]) => [
    mutant(
      `objects of ${name}, and of one byte more or less, are stored whole`,
      `loses a byte after ${name}`,
      putBytes((bytes, body) => (body.bytes?.byteLength === block + 1 ? shorter(bytes) : bytes)),
    ),
    mutant(
      `streams of ${name}, and of one byte more or less, are stored whole if their length is unknown`,
      `loses a byte of a stream after ${name}`,
      streamed((bytes) => (bytes.byteLength === block + 1 ? shorter(bytes) : bytes)),
    ),
  ]),
];

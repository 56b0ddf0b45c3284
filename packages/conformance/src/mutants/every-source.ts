import { Readable } from "node:stream";
import type { BodyInput } from "@stowage/core";
import type { Mutant } from "../mutant.js";
import { isWeb, takes } from "./bodies.js";
import { tick } from "./breaks.js";
import { NOTHING, isRead } from "./sources.js";

/** Opens a Node stream late. Stores nothing if `happened` is true for the stream at that time. */
function late(happened: (stream: Readable) => boolean): (stream: Readable) => BodyInput {
  return (stream) => async () => {
    for (let turn = 0; turn < 5; turn++) await tick();
    return happened(stream) ? "" : stream;
  };
}

function of(
  use: string,
  name: string,
  is: (body: BodyInput) => boolean,
  change: (body: never) => BodyInput,
): Mutant {
  return takes(`every kind of source ${use} is stored whole or refused with SourceError`, name, is, change);
}

const isNode = (body: BodyInput): boolean => body instanceof Readable;

export const everySourceMutants: readonly Mutant[] = [
  takes(
    "every kind of source is stored whole",
    "stores the name of a File",
    (body) => body instanceof File,
    String,
  ),
  of(
    "of which a part was read",
    "stores nothing for a Response of which a part was read",
    (body) => body instanceof Response && isRead(body.body),
    NOTHING,
  ),
  of(
    "that was read to its end",
    "stores nothing for a PassThrough at its end",
    (body) => body instanceof Readable && body.readableEnded,
    NOTHING,
  ),
  of(
    "that was cancelled",
    "stores nothing for a stream of bytes that was cancelled",
    (body) => isWeb(body) && isRead(body),
    NOTHING,
  ),
  of(
    "that somebody else reads",
    "stores nothing for a stream that is piped elsewhere",
    (body) => body instanceof Readable && body.readableFlowing === true,
    NOTHING,
  ),
  of(
    "that somebody else begins to read beside the put",
    "opens a stream late, and stores nothing when somebody reads it by then",
    isNode,
    late((stream) => stream.readableFlowing === true),
  ),
  of(
    "that somebody else cancels beside the put",
    "opens a stream late, and stores nothing when it was closed by then",
    isNode,
    late((stream) => stream.destroyed),
  ),
];

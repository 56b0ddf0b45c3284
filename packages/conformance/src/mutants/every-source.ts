import { Readable } from "node:stream";
import type { BodyInput } from "@stowage/core";
import type { Mutant } from "../mutant.js";
import { isWeb, takes } from "./bodies.js";
import { tick } from "./breaks.js";
import { NOTHING, isRead } from "./sources.js";

/** Waits before it opens a Node stream. Stores an empty object if `happened` is true for the stream after the wait. */
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
    "calls String() on a File",
    (body) => body instanceof File,
    String,
  ),
  of(
    "that was already partly read",
    "stores an empty object for a Response that was read in part",
    (body) => body instanceof Response && isRead(body.body),
    NOTHING,
  ),
  of(
    "that was already read to its end",
    "stores an empty object for a PassThrough that was read to its end",
    (body) => body instanceof Readable && body.readableEnded,
    NOTHING,
  ),
  of(
    "that was cancelled",
    "stores an empty object for a byte stream that was cancelled",
    (body) => isWeb(body) && isRead(body),
    NOTHING,
  ),
  of(
    "that other code already reads",
    "stores an empty object for a stream that is piped elsewhere",
    (body) => body instanceof Readable && body.readableFlowing === true,
    NOTHING,
  ),
  of(
    "that other code begins to read during the put",
    "opens a stream late, and stores an empty object if other code is already reading the stream",
    isNode,
    late((stream) => stream.readableFlowing === true),
  ),
  of(
    "that other code cancels during the put",
    "opens a stream late, and stores an empty object if the stream is already closed",
    isNode,
    late((stream) => stream.destroyed),
  ),
];

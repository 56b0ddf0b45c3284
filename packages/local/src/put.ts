import {
  contentTypeOf,
  headersOf,
  type Body,
  type ObjectInfo,
  type PutOptions,
} from "@stowage/core/provider";
import { writing, commit } from "./commit.js";
import type { Disk } from "./disk.js";
import type { Facts } from "./facts.js";
import { writeBody } from "./write-body.js";

/** Stores a body under a key, with the facts that the file itself does not show. */
export async function putObject(
  disk: Disk,
  key: string,
  body: Body,
  options: PutOptions,
): Promise<ObjectInfo> {
  const { signal } = options;
  const context = { operation: "put", provider: disk.name, key, signal } as const;
  signal?.throwIfAborted();
  return await writing(disk, context, async (root, temporary) => {
    await writeBody(temporary, body, options);
    const facts = await factsToRecord(key, options);
    return await commit(disk, root, temporary, { key, facts, conditions: options, context });
  });
}

/** Returns the facts that have to be written beside the file, or `undefined` if the file itself shows all facts. */
async function factsToRecord(key: string, options: PutOptions): Promise<Facts | undefined> {
  const { writeId } = options;
  const metadata = isEmpty(options.metadata) ? undefined : options.metadata;
  const type = options.contentType;
  const contentType = type === undefined || type === (await contentTypeOf(key)) ? undefined : type;
  const facts: Facts = { ...headersOf(options), contentType, metadata, writeId };
  return isEmpty(facts) ? undefined : facts;
}

function isEmpty(values: object | undefined): boolean {
  for (const name in values) {
    if (values[name as keyof typeof values] !== undefined) return false;
  }
  return true;
}

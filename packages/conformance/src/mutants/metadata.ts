import type { Metadata, ObjectInfo } from "@stowage/core";
import { mutant, storageMutant, type Break, type Mutant } from "../mutant.js";
import { facadePut, infos, putOptions } from "./breaks.js";

/** Changes the metadata of every put before it is stored. */
function stores(change: (metadata: Metadata) => Metadata): Break {
  return putOptions((options) =>
    options.metadata === undefined ? options : { ...options, metadata: change(options.metadata) },
  );
}

function mapValues(metadata: Metadata, change: (value: string, name: string) => string): Metadata {
  return Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name, change(value, name)]));
}

function renamed(metadata: Metadata): Metadata {
  return Object.fromEntries(
    Object.entries(metadata).map(([name, value]) => [name.replaceAll("-", "_"), value]),
  );
}

function assigned(metadata: Metadata): Metadata {
  const copy: Record<string, string> = {};
  for (const [name, value] of Object.entries(metadata)) copy[name] = value;
  return copy;
}

function decoded(value: string): string {
  return value.replaceAll("%41", "A").replaceAll("%2F", "/");
}

/** Makes a mutant with a facade that corrects metadata instead of refusing it. */
function cleans(what: string, name: string, clean: (metadata: Metadata) => Metadata): Mutant {
  return storageMutant(
    `${what} is refused with InvalidArgument, and nothing is written`,
    name,
    facadePut((key, body, options = {}) => [
      key,
      body,
      isPlain(options.metadata) ? { ...options, metadata: clean(options.metadata) } : options,
    ]),
  );
}

function isPlain(metadata: unknown): metadata is Metadata {
  return (
    typeof metadata === "object" &&
    metadata !== null &&
    Object.values(metadata).every((value) => typeof value === "string") &&
    !Array.isArray(metadata)
  );
}

const withMetadata = (info: ObjectInfo): ObjectInfo =>
  info.metadata === undefined ? { ...info, metadata: { "x-empty": "true" } } : info;

export const metadataMutants: readonly Mutant[] = [
  mutant("metadata comes back from put, head and get", "turns hyphens into underscores", stores(renamed)),
  mutant(
    "metadata in Unicode comes back from put, head and get",
    "replaces characters that are not ASCII",
    stores((metadata) => mapValues(metadata, (value) => value.replaceAll(/[^ -~]/g, "?"))),
  ),
  mutant(
    "a metadata value that looks encoded comes back from put, head and get",
    "decodes metadata",
    stores((metadata) => mapValues(metadata, decoded)),
  ),
  mutant(
    "an empty metadata value comes back from put, head and get",
    "drops empty metadata",
    stores((metadata) => Object.fromEntries(Object.entries(metadata).filter(([, value]) => value !== ""))),
  ),
  mutant(
    "a metadata name that JavaScript itself uses comes back from put, head and get",
    "loses the metadata name __proto__",
    stores(assigned),
  ),
  mutant(
    "metadata of 2,048 bytes comes back from put, head and get",
    "cuts long metadata",
    stores((metadata) => mapValues(metadata, (value) => value.slice(0, 2000))),
  ),
  mutant(
    "an object that was put without metadata has no metadata",
    "adds metadata of its own",
    infos((info, verb) => (verb === "head" ? withMetadata(info) : info)),
  ),
  mutant(
    "the metadata of an object that was put as a stream is kept",
    "forgets the metadata of streams",
    putOptions((options, _key, body) =>
      body.bytes === undefined ? { ...options, metadata: undefined } : options,
    ),
  ),
  cleans("a metadata value with a line break", "drops line breaks in metadata", (metadata) =>
    mapValues(metadata, (value) => value.replaceAll(/[\r\n]/g, "")),
  ),
  cleans("a metadata value with a space at its end", "trims metadata", (metadata) =>
    mapValues(metadata, (value) => value.trim()),
  ),
  cleans("a metadata value that is not well-formed Unicode", "repairs metadata", (metadata) =>
    mapValues(metadata, (value) => value.toWellFormed()),
  ),
  cleans("a metadata name in upper case or with a space", "repairs metadata names", (metadata) =>
    Object.fromEntries(
      Object.entries(metadata).map(([name, value]) => [name.toLowerCase().replaceAll(" ", "-"), value]),
    ),
  ),
  cleans("metadata of more than 2,048 bytes", "cuts metadata that is too long", (metadata) =>
    mapValues(metadata, (value) => value.slice(0, 2044)),
  ),
  storageMutant(
    "a metadata value that is not a string is refused with TypeError",
    "turns metadata values into text",
    facadePut((key, body, options = {}) => [
      key,
      body,
      { ...options, metadata: options.metadata && mapValues({ ...options.metadata }, String) },
    ]),
  ),
];

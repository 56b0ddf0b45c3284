import { readXml } from "./xml.js";

/** The fields of an answer, by the names of the SDK. */
export type Output = Readonly<Record<string, unknown>>;

type Fields = Record<string, string>;

/** The error for an answer whose document is not of the expected kind. */
export class ForeignAnswerError extends Error {
  override readonly name = "ForeignAnswerError";
}

/** The functions that read the documents in answers. */
export const readers = {
  listing: (text: string): Output => {
    const { root, lists } = document(text, "ListBucketResult", ["Contents", "CommonPrefixes"]);
    return {
      IsTruncated: flag(root["IsTruncated"]),
      EncodingType: root["EncodingType"],
      NextContinuationToken: root["NextContinuationToken"],
      Contents: lists[0]?.map(({ Key, Size, ETag, LastModified }) => ({
        Key,
        Size: count(Size),
        ETag,
        LastModified: dateOf(LastModified),
      })),
      CommonPrefixes: lists[1],
    };
  },
  deletion: (text: string): Output => {
    const { lists } = document(text, "DeleteResult", ["Deleted", "Error"]);
    return { Deleted: lists[0], Errors: lists[1] };
  },
  copy: (text: string): Output => ({ CopyObjectResult: document(text, "CopyObjectResult").root }),
  partCopy: (text: string): Output => ({ CopyPartResult: document(text, "CopyPartResult").root }),
  created: (text: string): Output => {
    const { root } = document(text, "InitiateMultipartUploadResult");
    return { UploadId: root["UploadId"] };
  },
  completed: (text: string): Output => {
    const { root } = document(text, "CompleteMultipartUploadResult");
    return { ETag: root["ETag"] };
  },
  parts: (text: string): Output => {
    const { root, lists } = document(text, "ListPartsResult", ["Part"]);
    return {
      IsTruncated: flag(root["IsTruncated"]),
      NextPartNumberMarker: root["NextPartNumberMarker"],
      Parts: lists[0]?.map((part) => ({
        ...part,
        PartNumber: count(part["PartNumber"]),
        Size: count(part["Size"]),
      })),
    };
  },
  uploads: (text: string): Output => {
    const { root, lists } = document(text, "ListMultipartUploadsResult", ["Upload"]);
    return {
      IsTruncated: flag(root["IsTruncated"]),
      EncodingType: root["EncodingType"],
      NextKeyMarker: root["NextKeyMarker"],
      NextUploadIdMarker: root["NextUploadIdMarker"],
      Uploads: lists[0]?.map(({ Key, UploadId, Initiated }) => ({
        Key,
        UploadId,
        Initiated: dateOf(Initiated),
      })),
    };
  },
  tags: (text: string): Output => {
    const tags: Fields[] = [];
    let tag: Fields = {};
    let root = "";
    readXml(text, {
      open: (name, depth) => {
        if (depth === 1) root = name;
        if (depth === 3) tag = {};
      },
      leaf: (name, content, depth) => {
        if (depth === 1) root = name;
        if (depth === 4) tag[name] = content;
      },
      close: (_name, depth) => {
        if (depth === 3) tags.push(tag);
      },
    });
    assertRoot(root, "Tagging");
    return { TagSet: tags };
  },
};

/** The facts in the document of a refusal. */
export interface Refusal {
  readonly code: string | undefined;
  readonly message: string | undefined;
  readonly region: string | undefined;
}

/** The start of a document that names its type, but defines no entities. Some proxies write it. */
const TYPE = /^\s*(?:<\?[^?]*\?>\s*)?<!DOCTYPE[^[>]*>/i;

/** Reads the document of a refusal, also inside an outer element. Returns `undefined` if the text is not such a document. */
export function readRefusal(text: string): Refusal | undefined {
  const found: Fields = {};
  try {
    readXml(text.replace(TYPE, ""), {
      leaf: (name, content, depth) => {
        if (depth === 2 || depth === 3) found[name] ??= content;
      },
    });
  } catch {
    return undefined;
  }
  const { Code: code, Message: message, Region: region } = found;
  return code === undefined ? undefined : { code, message, region };
}

interface Document {
  /** The elements below the root that have no children. */
  readonly root: Fields;
  /** The elements below the root with the given names, in the order of the document. */
  readonly lists: readonly (Fields[] | undefined)[];
}

/** Reads a document of two levels: a root, and entries in it. Deeper levels, such as the owner of an object, are skipped. */
function document(text: string, root: string, names: readonly string[] = []): Document {
  const fields: Fields = {};
  const lists: (Fields[] | undefined)[] = names.map(() => undefined);
  let entry: Fields | undefined;
  const begin = (name: string): Fields | undefined => {
    const index = names.indexOf(name);
    if (index === -1) return undefined;
    const made: Fields = {};
    (lists[index] ??= []).push(made);
    return made;
  };
  readXml(text, {
    open: (name, depth) => {
      if (depth === 1) assertRoot(name, root);
      else if (depth === 2) entry = begin(name);
    },
    leaf: (name, content, depth) => {
      if (depth === 3) {
        if (entry !== undefined) entry[name] = content;
      } else if (depth === 2) {
        if (begin(name) === undefined) fields[name] = content;
      } else if (depth === 1) assertRoot(name, root);
    },
  });
  return { root: fields, lists };
}

function assertRoot(name: string, wanted: string): void {
  if (name !== wanted) throw new ForeignAnswerError(`the answer is not a ${wanted}`);
}

function flag(text: string | undefined): boolean | undefined {
  const word = text?.toLowerCase();
  return word === "true" || (word === "false" ? false : undefined);
}

/** Returns a number, or `undefined` for a text that is not a whole number. */
export function count(text: string | undefined): number | undefined {
  return text !== undefined && /^[0-9]{1,15}$/.test(text) ? Number(text) : undefined;
}

/** Returns a time, or `undefined` for a text that is not a time. */
export function dateOf(text: string | undefined): Date | undefined {
  const milliseconds = Date.parse(text ?? "");
  return Number.isNaN(milliseconds) ? undefined : new Date(milliseconds);
}

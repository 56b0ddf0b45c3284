import { splitPercent, type StorageProvider } from "@stowage/core";
import type { Composition, JournalView } from "./composition.js";
import { nameOf } from "./sentences.js";

/** Everything that a page shows, at one moment. */
export interface Snapshot {
  readonly kind: Composition["kind"];
  readonly members: readonly MemberView[];
  readonly files: readonly FileView[];
  /** The number of keys in transition. Absent without a journal. */
  readonly waiting?: number | undefined;
  /** The percentage of a split. */
  readonly percent?: number | undefined;
  /** The newest first. */
  readonly log: readonly { readonly id: number; readonly at: number; readonly text: string }[];
}

interface MemberView {
  readonly name: string;
  readonly place: string;
  readonly state: string;
  /** Whether the composer has stopped asking the member because it fails. */
  readonly isLeftOut: boolean;
  readonly files: number;
  readonly bytes: number;
}

interface FileView {
  readonly key: string;
  readonly name: string;
  readonly size: number;
  readonly contentType?: string | undefined;
  readonly at: number;
  /** The members that hold a copy, by their own listings. */
  readonly holders: readonly string[];
  /** The key of its picture. */
  readonly thumbnail?: string | undefined;
  /** Whether the journal has a row for the key: repair has something to do. */
  readonly isInTransition: boolean;
  /** Whether the file was deleted, and only copies are left that repair will remove. */
  readonly isDeleted: boolean;
}

const LIST_LIMIT = 1000;

type Rows = ReadonlyMap<string, Awaited<ReturnType<JournalView["rows"]>>[number]["row"]>;
type Listed = Awaited<ReturnType<StorageProvider["list"]>>["objects"];

/** What one member holds, by its own listing. */
interface Held {
  readonly member: string;
  readonly objects: Listed;
}

/** Makes a snapshot. The members are listed past their switches. */
export async function snapshotOf(
  composition: Composition,
  leftOut: ReadonlySet<string>,
  log: Snapshot["log"],
): Promise<Snapshot> {
  const { kind, members, journal, rollout } = composition;
  const held = await Promise.all(
    members.map(async ({ inner }) => ({ member: inner.name, objects: await objectsOf(inner) })),
  );
  const rows = await journal?.rows("", undefined, LIST_LIMIT);
  return {
    kind,
    members: members.map(({ inner, state }, index) => ({
      name: inner.name,
      place: inner.ref("x").slice(0, -1),
      state: state(),
      isLeftOut: leftOut.has(inner.name),
      ...amountOf(held[index]?.objects ?? []),
    })),
    files: filesOf(held, new Map(rows?.map(({ key, row }) => [key, row]))),
    waiting: (await journal?.counts())?.rows,
    percent: rollout && (await splitPercent(rollout)),
    log: [...log],
  };
}

function isUpload({ key }: { readonly key: string }): boolean {
  return key.startsWith("uploads/");
}

function amountOf(objects: Listed): Pick<MemberView, "files" | "bytes"> {
  const uploads = objects.filter(isUpload);
  return { files: uploads.length, bytes: uploads.reduce((sum, { size }) => sum + size, 0) };
}

function filesOf(held: readonly Held[], rows: Rows): readonly FileView[] {
  const pictures = new Set(held.flatMap(({ objects }) => objects.map(({ key }) => key)));
  const files = new Map<string, FileView>();
  for (const { member, objects } of held) {
    for (const object of objects.filter(isUpload)) {
      const known = files.get(object.key);
      const thumbnail = `thumbnails/${object.key.split("/")[1]}.jpg`;
      const row = rows.get(object.key);
      files.set(object.key, {
        key: object.key,
        name: nameOf(object.key),
        size: object.size,
        at: known?.at ?? object.lastModified?.getTime() ?? 0,
        holders: [...(known?.holders ?? []), member],
        thumbnail: pictures.has(thumbnail) ? thumbnail : undefined,
        isInTransition: row !== undefined && row.isKept !== true,
        isDeleted: row?.current?.kind === "delete" && row.open === undefined,
      });
    }
  }
  return [...files.values()].toSorted((a, b) => b.at - a.at || (a.key < b.key ? -1 : 1));
}

/** Lists what a member holds. A member that cannot be listed shows nothing. */
async function objectsOf(provider: StorageProvider): Promise<Listed> {
  const lists = ["uploads/", "thumbnails/"].map(async (prefix) => {
    const { objects } = await provider.list({ prefix, limit: LIST_LIMIT });
    return objects;
  });
  return (await Promise.all(lists).catch(() => [])).flat();
}

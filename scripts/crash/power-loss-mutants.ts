import { edit, type Edit } from "../edited-bundle.js";

/** A way to be careless with the disk: the enumeration of states must notice. */
export interface DiskMutant {
  readonly name: string;
  readonly edits: readonly Edit[];
}

const COMMIT = "local/src/commit.ts";
const WRITES_FACTS =
  "    if (facts !== undefined) await root.sidecars.write({ key, generation, facts, sample }, disk.durable);\n";
const FORGETS_FACTS = "    if (hadFacts) await forgetFacts(root, key, old, generation);\n";

export const DISK_MUTANTS: readonly DiskMutant[] = [
  {
    name: "bytes are not synced before the file gets its name",
    edits: [
      edit("local/src/seal.ts", "  if (disk.durable) await fsync(fd);\n  const written", "  const written"),
    ],
  },
  {
    name: "the folder of a new name is not synced",
    edits: [edit(COMMIT, "if (disk.durable) await syncFolder(directory, context);", "")],
  },
  {
    name: "the folder of a deleted name is not synced",
    edits: [edit("local/src/delete.ts", "if (disk.durable) await syncFolder(directory, context);", "")],
  },
  {
    name: "facts are written after the bytes got their name",
    edits: [edit(COMMIT, WRITES_FACTS, ""), edit(COMMIT, FORGETS_FACTS, WRITES_FACTS + FORGETS_FACTS)],
  },
  {
    name: "facts are not synced",
    edits: [edit("local/src/sidecars.ts", "if (durable) await fsync(temporary.fd);", "")],
  },
  {
    name: "the folder of the facts is not synced",
    edits: [edit("local/src/sidecars.ts", "if (durable) await syncDirectory(directory);", "")],
  },
];

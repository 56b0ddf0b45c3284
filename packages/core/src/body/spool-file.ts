import { randomUUID } from "node:crypto";
import { constants, open, statfs, unlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A private temporary file that no other process can open. The file disappears when it is closed or when the process dies. */
export interface SpoolFile {
  readonly write: (bytes: Uint8Array, position: number) => Promise<void>;
  readonly read: (position: number, length: number) => Promise<Uint8Array>;
  readonly close: () => Promise<void>;
}

/** The `f_type` of each file system that is kept in memory. @see https://man7.org/linux/man-pages/man2/statfs.2.html */
const MEMORY_FILE_SYSTEMS: ReadonlySet<number> = new Set([0x01021994, 0x858458f6]);

/** Creates a spool file in `directory`, or in the system's first temporary folder that is not in memory. */
export async function createSpoolFile(directory?: string): Promise<SpoolFile> {
  const path = join(directory ?? (await diskFolder()), `stowage-spool-${randomUUID()}`);
  const { O_CREAT, O_EXCL, O_RDWR } = constants;
  const handle = await open(path, O_CREAT | O_EXCL | O_RDWR, 0o600);
  // A file without a name leaves nothing behind when the process is killed. On Windows the file keeps its name until it is
  // closed.
  const unlinked = await unlink(path).then(
    () => true,
    () => false,
  );
  return {
    write: async (bytes, position) => {
      for (let done = 0; done < bytes.byteLength;) {
        const { bytesWritten } = await handle.write(bytes, done, bytes.byteLength - done, position + done);
        done += bytesWritten;
      }
    },
    read: async (position, length) => {
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(length), 0, length, position);
      if (bytesRead === 0) throw new Error("The temporary file is shorter than what was written to it");
      return buffer.subarray(0, bytesRead);
    },
    close: async () => {
      await handle.close();
      if (!unlinked) await unlink(path);
    },
  };
}

async function diskFolder(): Promise<string> {
  for (const folder of [tmpdir(), "/var/tmp", process.cwd()]) {
    const facts = await statfs(folder).catch(() => undefined);
    if (facts !== undefined && !MEMORY_FILE_SYSTEMS.has(facts.type)) return folder;
  }
  throw new Error("Cannot find a folder for temporary files on a disk");
}

import type { PutOptions } from "@stowage/core/provider";

/** The progress of an upload. It tells the caller how many bytes have left, and that the upload is alive. */
export interface UploadProgress {
  /** Notes the number of bytes of a part that have left so far. */
  readonly sent: (part: number, bytes: number) => void;
  /** Notes that a part has arrived. */
  readonly arrived: (part: number, bytes: number) => void;
  /** Notes bytes that an earlier process has sent. */
  readonly found: (bytes: number) => void;
  /** Reports that the upload is alive, although no bytes move while the next try has to wait. */
  readonly alive: () => void;
}

/** Adds up the bytes of all parts. Bytes that are sent again count once, and still show that the upload is alive. */
export function createProgress(
  { onProgress }: Pick<PutOptions, "onProgress">,
  total: number | undefined,
): UploadProgress {
  const moving = new Map<number, number>();
  let whole = 0;
  let told = 0;
  const tell = (): void => {
    let loaded = whole;
    for (const bytes of moving.values()) loaded += bytes;
    told = Math.max(told, loaded);
    onProgress?.({ loaded: told, total });
  };
  return {
    sent: (part, bytes) => {
      moving.set(part, bytes);
      tell();
    },
    arrived: (part, bytes) => {
      moving.delete(part);
      whole += bytes;
      tell();
    },
    found: (bytes) => {
      whole += bytes;
    },
    alive: tell,
  };
}

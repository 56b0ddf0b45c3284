import type { PutOptions } from "@stowage/core/provider";

/** The progress of an upload. It tells the caller how many bytes have been sent, and that the upload is still active. */
export interface UploadProgress {
  /** Notes the number of bytes of a part that have been sent so far. */
  readonly sent: (part: number, bytes: number) => void;
  /** Notes that a part has arrived. */
  readonly arrived: (part: number, bytes: number) => void;
  /** Notes bytes that an earlier process sent. */
  readonly found: (bytes: number) => void;
  /** Reports that the upload is still active. Called during the pause before a retry, when no bytes are sent. */
  readonly alive: () => void;
}

/**
 * Adds up the bytes of all parts. Bytes that are sent again count only once, but they show that the upload is still
 * active.
 */
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

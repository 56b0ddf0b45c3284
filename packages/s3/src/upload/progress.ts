import type { PutOptions } from "@stowage/core/provider";

/** Tells the caller how many bytes have left, and that the upload is alive. */
export interface UploadProgress {
  /** Told how many bytes of a part have left so far. */
  readonly sent: (part: number, bytes: number) => void;
  /** A part has arrived. */
  readonly arrived: (part: number, bytes: number) => void;
  /** An earlier process has sent these bytes. */
  readonly found: (bytes: number) => void;
  /** Nothing has moved, and nothing should: the server has asked for a pause. */
  readonly alive: () => void;
}

/** Adds up the bytes of all parts. What is sent again counts once, and is a sign of life all the same. */
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

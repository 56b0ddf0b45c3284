import { types } from "node:util";
import type { Body } from "@stowage/core/provider";
import { beginUpload } from "./begin.js";
import { finishParts, partOf, sendPart, track } from "./part-upload.js";
import { sendByLibrary } from "../sdk/lib-storage.js";
import type { Sent, Upload } from "./write.js";

/** Sends a body with `@aws-sdk/lib-storage`. The result has all properties of a put with the uploader of this package. */
export async function sendWithLibrary(
  upload: Upload,
  body: Body,
  putWhole: (bytes: Uint8Array) => Promise<Sent>,
): Promise<Sent> {
  const { store, stop } = upload;
  let whole: Sent | undefined;
  const source = body.bytes ?? body.open();
  const end = (): void => {
    if (!types.isUint8Array(source)) source.destroy();
  };
  stop.signal.addEventListener("abort", end, { once: true });
  try {
    await sendByLibrary(
      source,
      { stop, partSizeBytes: upload.partSizeBytes, concurrency: store.concurrency },
      {
        whole: async (bytes) => {
          whole = await track(upload, putWhole(bytes));
        },
        create: () => track(upload, beginUpload(upload)),
        part: (partNumber, bytes) => track(upload, sendPart(upload, partNumber, partOf(upload, bytes))),
      },
    );
    return whole ?? (await finishParts(upload));
  } finally {
    stop.signal.removeEventListener("abort", end);
    end();
  }
}

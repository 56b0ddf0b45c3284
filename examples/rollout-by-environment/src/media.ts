import { keyTemplate, type BodyInput, type FileStorage } from "@stowage/core";
import { HttpError } from "@stowage/http";

const MEDIA_BYTES_MAX = 5_000_000_000;
const mediaKey = keyTemplate("{year}/{month}/{day}/{hash}_{timestamp}.{ext}");

/** A row of the database. Other workers read `url`, such as `s3://my-media/2026/11/30/….mp4`. */
export interface Media {
  readonly key: string;
  readonly url: string;
}

/** The service of Nest that keeps media. */
export class MediaService {
  readonly #storage: FileStorage;

  constructor(storage: FileStorage) {
    this.#storage = storage;
  }

  async store(body: BodyInput, ext: string, contentType: string | undefined): Promise<Media> {
    const made = await mediaKey.forBody(body, { ext }, { maxBytes: MEDIA_BYTES_MAX });
    try {
      const { key, ref } = await this.#storage.put(made.key, made.body, { contentType });
      return { key, url: ref };
    } finally {
      await made.release();
    }
  }

  /** Returns the key of an address, wherever its object is by now. */
  keyOf(url: string): string {
    const located = this.#storage.locate(url);
    if (located === undefined) throw new HttpError(404, "NotFound", "no store knows this address");
    return located.key;
  }
}

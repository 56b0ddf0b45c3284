import type { StorageProvider } from "@stowage/core";
import type { Page } from "playwright-core";

/** A page, and what the servers of tests are made of. */
export interface Site {
  readonly page: Page;
  readonly folder: string;
  /** A bucket on a real server. */
  readonly bucket: StorageProvider;
}

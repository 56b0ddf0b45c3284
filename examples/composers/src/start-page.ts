import type { CloudinaryOptions } from "@stowage/cloudinary";
import type { Composition, Variables } from "./composition.js";
import { createFallback } from "./fallback.js";
import { listenOnFreePort } from "./listen.js";
import { createLive } from "./live.js";
import { createMirror } from "./mirror.js";
import { createSite } from "./site.js";
import { createSplit } from "./split.js";

/** A page that is served. */
export interface Page {
  readonly url: string;
  readonly composition: Composition;
  readonly stop: () => Promise<void>;
}

/** The options of {@link startPage}. */
export interface PageOptions {
  /** The folder of everything. */
  readonly home: string;
  /** The first port that is tried. 0 takes any free port. */
  readonly port: number;
  /** An account of Cloudinary for the fallback chain. */
  readonly cloudinary?: CloudinaryOptions | undefined;
}

/** People who watch do not wait a minute for requests that were cut off, nor for listings that nobody makes. */
const SETTLE_MS = 3000;
const GRACE_MS = 1000;

/** Starts the server of a composer, with its page. */
export async function startPage(
  kind: Composition["kind"],
  env: Variables,
  { home, port, cloudinary }: PageOptions,
): Promise<Page> {
  const live = createLive();
  const shared = { home, settleMs: SETTLE_MS, onEvent: live.onEvent };
  const make = {
    fallback: () => createFallback(env, { ...shared, cloudinary }),
    mirror: () => createMirror(env, shared),
    split: () => createSplit(env, { ...shared, graceMs: GRACE_MS }),
  };
  const composition = await make[kind]();
  live.watch(composition);
  const { url, close } = await listenOnFreePort(createSite(composition, { home, live }), port);
  const stop = async (): Promise<void> => {
    live.close();
    await close();
    await composition.close();
  };
  return { url, composition, stop };
}

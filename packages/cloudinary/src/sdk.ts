import { createRequire } from "node:module";
import { dirname, sep } from "node:path";

/** What is used of the `cloudinary` SDK, by its shape. */
export interface Sdk {
  readonly url: (publicId: string, options: object) => string;
  readonly webhook_signature: (
    body: string,
    timestamp: number,
    options: { readonly api_secret: string; readonly signature_algorithm: "sha1" | "sha256" },
  ) => string;
}

interface SdkModule {
  readonly v2: { readonly utils: Sdk };
}

/** Read by the SDK when it is loaded. A malformed one makes it throw. */
const AMBIENT = ["CLOUDINARY_URL", "CLOUDINARY_ACCOUNT_URL", "CLOUDINARY_API_PROXY"] as const;

let loaded: Promise<Sdk> | undefined;

/**
 * A copy of the SDK for this package alone, loaded when it is first needed, with no configuration. The SDK keeps one
 * configuration for the whole process: that of the application stays its own, and nothing of it gets in here.
 */
export function loadSdk(): Promise<Sdk> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<Sdk> {
  try {
    return withoutAmbient(requireAnew).v2.utils;
  } catch {
    // In a bundle of the whole application.
    const { default: bundled } = (await import("cloudinary")) as unknown as { readonly default: SdkModule };
    return bundled.v2.utils;
  }
}

/** Loads its files again although the application may have, and leaves those of the application in place. */
function requireAnew(): SdkModule {
  const require = createRequire(import.meta.url);
  const main = require.resolve("cloudinary");
  const folder = dirname(main) + sep;
  const cached = Object.entries(require.cache).filter(([path]) => path.startsWith(folder));
  for (const [path] of cached) delete require.cache[path];
  try {
    return require(main) as SdkModule;
  } finally {
    for (const path of Object.keys(require.cache)) if (path.startsWith(folder)) delete require.cache[path];
    for (const [path, module] of cached) require.cache[path] = module;
  }
}

/** Nothing else runs meanwhile. */
function withoutAmbient<T>(run: () => T): T {
  const before = AMBIENT.map((name) => [name, process.env[name]] as const);
  for (const name of AMBIENT) delete process.env[name];
  try {
    return run();
  } finally {
    for (const [name, value] of before) if (value !== undefined) process.env[name] = value;
  }
}

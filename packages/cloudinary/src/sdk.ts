import { createRequire } from "node:module";
import { dirname, sep } from "node:path";

/** The functions of the `cloudinary` SDK that this package uses. */
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

/** The environment variables that the SDK reads when it is loaded. If a variable is malformed, the SDK throws. */
const AMBIENT = ["CLOUDINARY_URL", "CLOUDINARY_ACCOUNT_URL", "CLOUDINARY_API_PROXY"] as const;

let loaded: Promise<Sdk> | undefined;

/**
 * Returns a copy of the SDK for this package alone. The copy is loaded when it is first needed, and has no
 * configuration. A separate copy is needed because the SDK has only one configuration for the whole process. The
 * application's configuration stays as it is and has no effect on this copy.
 */
export function loadSdk(): Promise<Sdk> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<Sdk> {
  try {
    return withoutAmbient(requireAnew).v2.utils;
  } catch {
    // The SDK's own files are missing if the whole application is bundled into one file. The bundle then contains the
    // SDK.
    const { default: bundled } = (await import("cloudinary")) as unknown as { readonly default: SdkModule };
    return bundled.v2.utils;
  }
}

/**
 * Loads the files of the SDK again, even if the application has loaded them. The application's copies of these files
 * stay in the cache.
 */
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

/**
 * Removes the environment variables of the SDK, runs a function, and restores the variables. The function is synchronous, so no
 * other code runs in the meantime.
 */
function withoutAmbient<T>(run: () => T): T {
  const before = AMBIENT.map((name) => [name, process.env[name]] as const);
  for (const name of AMBIENT) delete process.env[name];
  try {
    return run();
  } finally {
    for (const [name, value] of before) if (value !== undefined) process.env[name] = value;
  }
}

import { createRequire } from "node:module";

/**
 * Loads a package of the SDK, when it is first needed, by `require`: `import` takes twice the time for the same files.
 * Where that does not find it, as in a bundle of the whole application, by `load`.
 */
export async function sdkPackage<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return createRequire(import.meta.url)(name) as T;
  } catch {
    return await load();
  }
}

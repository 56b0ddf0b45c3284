import { createRequire } from "node:module";

/**
 * Loads a package of the SDK when it is first needed. Uses `require`, because `import` takes twice as long for the same
 * files. Uses `load` if `require` does not find the package, for example because the whole application was bundled.
 */
export async function sdkPackage<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return createRequire(import.meta.url)(name) as T;
  } catch {
    return await load();
  }
}

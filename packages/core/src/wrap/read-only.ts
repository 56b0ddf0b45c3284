import { StorageError, type Operation } from "../contract/errors.js";
import { intercept } from "./intercept.js";
import type { StorageProvider } from "../contract/provider.js";
import type { ComposedProvider } from "../contract/composed-provider.js";

/** Refuses every write with `Unsupported`, so that a chain moves on to its next member. Reads are passed on. */
export function readOnly(inner: StorageProvider): StorageProvider {
  const refuse = (operation: Operation, key: string): Promise<never> =>
    Promise.reject(
      new StorageError("Unsupported", "the provider is read-only", { operation, provider: inner.name, key }),
    );
  const { upkeep, finalize }: ComposedProvider = inner;
  const verify = upkeep?.verify;
  const wrapped: ComposedProvider = {
    ...intercept(inner, { type: "readOnly", limits: ["writes are refused"] }),
    put: (key) => refuse("put", key),
    delete: (key) => refuse("delete", key),
    copy: undefined,
    finalize: finalize && ((key) => refuse("finalize", key)),
    deleteMany: undefined,
    importFrom: undefined,
    move: undefined,
    multipart: undefined,
    signUpload: undefined,
    // Repair writes objects, so only processes that may write run repair.
    upkeep: upkeep && {
      ...upkeep,
      repair: async () => undefined,
      verify: verify && ((call) => verify({ ...call, mend: false })),
    },
  };
  return wrapped;
}

import { toBody } from "../body/body.js";
import type { StorageProvider } from "../contract/provider.js";
import { memory } from "../memory/memory.js";

/** A provider with every optional member, which says how it was called. */
export async function fullProvider(): Promise<{
  readonly provider: StorageProvider;
  readonly asked: unknown[];
}> {
  const body = await toBody("abc");
  const inner = memory();
  const asked: unknown[] = [];
  const note = (...args: readonly unknown[]): void => void asked.push(args);
  const provider: StorageProvider = {
    ...inner,
    publicUrl: (key) => `https://example.org/${key}`,
    signedUrl: async (key) => `https://example.org/${key}?signed`,
    signUpload: async (key) =>
      ({ key, method: "PUT", url: `https://example.org/${key}`, headers: {} }) as never,
    importFrom: async (key, url) => (note("importFrom", key, url), await inner.put(key, body, {})),
    multipart: {
      create: async (key) => (note("create", key), { uploadId: "u" }),
      signPart: async (key) => ({ key, method: "PUT", url: key, headers: {} }) as never,
      listParts: async (key) => (note("listParts", key), []),
      complete: async (key) => await inner.put(key, body, {}),
      abort: async (key) => note("abort", key),
    },
    reopen: async () => note("reopen"),
    close: async () => note("close"),
  };
  return { provider, asked };
}

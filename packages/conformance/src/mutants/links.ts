import { toBody } from "@stowage/core/provider";
import { type FileStorage } from "@stowage/core";
import { mutant, storageMutant, type Mutant } from "../mutant.js";
import { linked } from "./bases.js";
import { facade, verbs } from "./breaks.js";

/**
 * Makes a mutant with a facade that returns an invented result for a verb that the provider does not have. The facade should
 * refuse such a call.
 */
function invents(
  verb: "publicUrl" | "signedUrl" | "signUpload" | "importFrom",
  change: (storage: FileStorage) => Partial<FileStorage>,
): Mutant {
  return storageMutant(
    `if the provider has no ${verb}, the facade refuses ${verb} with Unsupported`,
    `invents a ${verb}`,
    (storage, provider, options) =>
      provider[verb] === undefined ? facade(change)(storage, provider, options) : storage,
  );
}

const UPLOAD = {
  key: "a.txt",
  method: "PUT",
  url: "https://example.com/a",
  headers: {},
  expiresAt: new Date(0),
} as const;

export const linkMutants: readonly Mutant[] = [
  mutant(
    "publicUrl gives an absolute URL that is different for each key",
    "returns relative public URLs",
    verbs(() => ({ publicUrl: (key) => `/${key}` })),
    linked,
  ),
  mutant(
    "locate finds the key in a public URL",
    "does not recognise its public URLs",
    verbs((inner) => ({
      locate: (text) => (text.startsWith("https:") ? undefined : inner.locate(text)),
    })),
    linked,
  ),
  mutant(
    "signedUrl gives an absolute URL that is different for each key",
    "signs the same URL for all keys",
    verbs(() => ({
      signedUrl: async () => "https://example.com/signed",
    })),
    linked,
  ),
  mutant(
    "signUpload gives a request that expires in the future",
    "signs uploads that have expired",
    verbs(({ signUpload }) => ({
      signUpload:
        signUpload &&
        (async (key, options) => ({ ...(await signUpload(key, options)), expiresAt: new Date(0) })),
    })),
    linked,
  ),
  mutant(
    "signUpload writes nothing by itself",
    "puts an empty object when it signs an upload",
    verbs(({ put, signUpload }) => ({
      signUpload:
        signUpload &&
        (async (key, options) => {
          await put(key, await toBody(""), {});
          return await signUpload(key, options);
        }),
    })),
    linked,
  ),
  mutant(
    "a multipart upload that is aborted creates no object",
    "completes an aborted upload",
    verbs((inner) => ({
      multipart: inner.multipart && {
        ...inner.multipart,
        abort: async (key) => void (await inner.put(key, await toBody(""), {})),
      },
    })),
    linked,
  ),
  storageMutant(
    "signedUrl rejects with InvalidArgument if expiresInSeconds is not a positive whole number",
    "signs links with a lifetime of zero",
    facade(() => ({ signedUrl: async () => "https://example.com/signed" })),
    linked,
  ),
  storageMutant(
    "signUpload rejects with InvalidArgument if contentLength and maxBytes are both missing or contradict each other",
    "signs uploads of any length",
    facade(() => ({ signUpload: async (key) => ({ ...UPLOAD, key }) })),
    linked,
  ),
  storageMutant(
    "parts that clients upload are numbered from 1 to 10,000",
    "signs a part 0",
    facade(({ multipart }) => ({
      multipart: multipart && { ...multipart, signPart: async (key) => ({ ...UPLOAD, key }) },
    })),
    linked,
  ),
  invents("publicUrl", () => ({ publicUrl: () => "https://example.com/a.txt" })),
  invents("signedUrl", () => ({ signedUrl: async () => "https://example.com/a.txt" })),
  invents("signUpload", () => ({ signUpload: async () => UPLOAD })),
  invents("importFrom", (storage) => ({ importFrom: (key) => storage.put(key, "invented") })),
];

/** The rooms of one folder from the ground up. A room imports rooms of the layers below its own, and no others. */
export type Layers = readonly (readonly string[])[];

/** What core may grow to: more rooms than that, and nobody finds the way. */
export const CORE_ROOMS_MAX = 14;
export const CORE_FLOORS_MAX = 8;

/** By package and by folder below its `src`. */
export const LAYERS: Readonly<Record<string, Readonly<Record<string, Layers>>>> = {
  core: {
    "": [
      ["contract"],
      ["kit"],
      ["body"],
      ["memory", "wrap"],
      ["facade", "compose"],
      ["index.ts", "provider.ts", "journal.ts"],
    ],
    compose: [
      ["group.ts", "promises.ts", "supports.ts", "split-hash.ts", "watch-member.ts", "withdrawn.ts"],
      ["holder-link.ts", "members.ts", "merge-list.ts", "stored-whole.ts", "survey.ts"],
      ["send-share.ts"],
      ["stateless", "journaled"],
      ["split-options.ts"],
      ["fallback.ts", "mirror.ts", "split.ts"],
    ],
    "compose/journaled": [
      ["row", "hedge.ts", "control.ts"],
      ["marks.ts", "roster.ts", "shared-times.ts"],
      ["replica-set.ts"],
      ["hold", "own-sets.ts"],
      ["read"],
      ["write"],
      ["upkeep"],
      ["create-set.ts"],
      ["journaled.ts"],
    ],
  },
  http: {
    "": [
      ["wire", "links"],
      ["serve"],
      ["receive"],
      ["access.ts", "check-storage.ts", "log-events.ts"],
      ["upload-options.ts"],
      ["create-handler.ts", "create-operations-handler.ts", "create-upload-handler.ts"],
      ["index.ts"],
    ],
  },
};

/** Packages that give others a provider or a journal, and the one door of core that each of them comes in by. */
export const DOORS: Readonly<Record<string, string>> = {
  local: "@stowage/core/provider",
  s3: "@stowage/core/provider",
  cloudinary: "@stowage/core/provider",
  journal: "@stowage/core/journal",
};

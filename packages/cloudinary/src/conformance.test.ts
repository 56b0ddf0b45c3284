import { cloudinaryFake, conformance, type Opened } from "@stowage/conformance";
import { describe, it } from "vitest";
import { cloudinary } from "./cloudinary.js";
import { optionsFor } from "./fake.test-support.js";
import type { MappingName } from "./mapping.js";

/** Larger than what the rules store, and more calls than they make. */
const LIMITS = { rawBytesMax: 2 ** 30, adminCallsPerHour: 1_000_000 };

async function open(mapping: MappingName): Promise<Opened> {
  // The rules store texts under the names of videos.
  const fake = await cloudinaryFake({ limits: LIMITS, checksFormats: false });
  const provider = cloudinary({ ...optionsFor(fake), mapping, signedUploads: "form" });
  const close = async (): Promise<void> => {
    await provider.close?.();
    await fake.close();
  };
  return { provider, close };
}

for (const mapping of ["media", "raw"] as const) {
  conformance({ describe, it }, `cloudinary, mapping ${mapping}`, { open: () => open(mapping) });
}

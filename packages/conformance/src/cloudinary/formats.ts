import type { ResourceType } from "./kinds.js";
import { Refusal } from "./refusal.js";

/** The bytes by which a format is recognised, and their position in the file. */
type Magic = readonly [format: string, offset: number, bytes: string];

const IMAGES: readonly Magic[] = [
  ["png", 0, "\x89PNG\r\n\x1a\n"],
  ["jpg", 0, "\xff\xd8\xff"],
  ["gif", 0, "GIF87a"],
  ["gif", 0, "GIF89a"],
  ["webp", 8, "WEBP"],
  ["bmp", 0, "BM"],
  ["ico", 0, "\0\0\x01\0"],
  ["tiff", 0, "II*\0"],
  ["tiff", 0, "MM\0*"],
  ["avif", 4, "ftypavif"],
  ["heic", 4, "ftypheic"],
  ["svg", 0, "<svg"],
  ["svg", 0, "<?xml"],
  ["pdf", 0, "%PDF-"],
];

const VIDEOS: readonly Magic[] = [
  ["mp4", 4, "ftyp"],
  ["webm", 0, "\x1aE\xdf\xa3"],
  ["avi", 8, "AVI "],
  ["wav", 8, "WAVE"],
  ["mp3", 0, "ID3"],
  ["mp3", 0, "\xff\xfb"],
  ["ogg", 0, "OggS"],
  ["flac", 0, "fLaC"],
  ["ts", 0, "\x47"],
  ["flv", 0, "FLV"],
];

/**
 * Recognises the format of a file by the file's first bytes, and returns the format. Returns `undefined` for raw files. Refuses
 * an unknown format.
 */
export function formatOf(type: ResourceType, start: Buffer): string | undefined {
  if (type === "raw") return undefined;
  const found = (type === "image" ? IMAGES : VIDEOS).find(
    ([, offset, bytes]) => start.toString("latin1", offset, offset + bytes.length) === bytes,
  );
  if (found !== undefined) return found[0];
  throw new Refusal(400, type === "image" ? "Invalid image file" : "Unsupported video format or file");
}

/** Returns the resource type under which a file of type `auto` is stored. */
export function typeOf(start: Buffer): ResourceType {
  for (const type of ["image", "video"] as const) {
    try {
      formatOf(type, start);
      return type;
    } catch {
      continue;
    }
  }
  return "raw";
}

/** Returns the size of a PNG image in pixels. Returns 1 by 1 for any other format. */
export function dimensionsOf(start: Buffer): { readonly width: number; readonly height: number } {
  const isPng = start.toString("latin1", 1, 4) === "PNG" && start.byteLength >= 24;
  return isPng ? { width: start.readUInt32BE(16), height: start.readUInt32BE(20) } : { width: 1, height: 1 };
}

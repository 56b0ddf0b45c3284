import type {
  CloudinaryFailure,
  CloudinaryFake,
  CloudinaryFakeOptions,
  FakeRequest,
} from "@stowage/conformance";

/** One way in which Cloudinary does not take a file, and a chain goes on to its next member. */
export interface FailureMode {
  readonly title: string;
  /** What the account is like. */
  readonly account?: CloudinaryFakeOptions | undefined;
  /** What is done to a fake; default nothing. */
  readonly fail?: ((fake: CloudinaryFake) => void) | undefined;
  /** What the file is; default 7 MiB of a text. */
  readonly content?: Buffer | undefined;
  readonly key?: string | undefined;
}

const TEXT = Buffer.alloc(7 * 1024 * 1024, "stowage");

export function isUpload({ path }: FakeRequest): boolean {
  return path.endsWith("/upload");
}

function failing(
  fault: CloudinaryFailure["fault"],
  matches?: CloudinaryFailure["matches"],
): FailureMode["fail"] {
  return (fake) => fake.fail({ fault, matches });
}

function status(code: number, message?: string): FailureMode["fail"] {
  return failing({ type: "status", status: code, message }, isUpload);
}

/** Each leaves nothing at Cloudinary. */
export const FAILURE_MODES: readonly FailureMode[] = [
  { title: "the file is larger than the plan allows", account: { limits: { rawBytesMax: 1_000_000 } } },
  { title: "the plan takes no such files", account: { limits: { forbiddenFormats: ["bin"] } } },
  { title: "an image is none", key: "a.png" },
  { title: "the quota is used up", fail: status(403, "Your plan's usage limit is reached") },
  {
    title: "it asks to slow down",
    fail: status(420, "Rate Limit Exceeded. Try again on 2099-01-01 00:00:00 UTC"),
  },
  { title: "it asks to slow down, in the newer way", fail: status(429) },
  ...[500, 502, 503, 504].map((code) => ({ title: `uploads are answered with ${code}`, fail: status(code) })),
  { title: "everything is answered with 503", fail: failing({ type: "status", status: 503 }) },
  {
    title: "uploads are refused before they were heard",
    fail: failing({ type: "status", status: 503, early: true }, isUpload),
  },
  { title: "a page of HTML answers", fail: failing({ type: "html", status: 200 }) },
  { title: "connections are reset", fail: failing({ type: "reset" }) },
  {
    title: "uploads are reset in their middle",
    fail: failing({ type: "reset", afterBytes: 1_000_000 }, isUpload),
  },
  { title: "answers are cut", fail: failing({ type: "truncated", afterBytes: 10 }) },
];

export function contentOf({ content = TEXT }: FailureMode): Buffer {
  return content;
}

export function keyOf({ key = "films/a b/é.bin" }: FailureMode): string {
  return key;
}

/** Its length is known to nobody. */
export async function* unknownLength(content: Buffer): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < content.byteLength; at += 65_536) yield content.subarray(at, at + 65_536);
}

import type { CloudinaryFake, CloudinaryFault, FakeRequest } from "@stowage/conformance";

interface Fault {
  /** Goes on after "Cloudinary …". */
  readonly title: string;
  readonly fault?: CloudinaryFault | undefined;
  /** Default: every request. */
  readonly matches?: ((request: FakeRequest) => boolean) | undefined;
}

const isUpload = ({ path }: FakeRequest): boolean => path.endsWith("/upload");

function refusing(title: string, status: number, message: string): Fault {
  return { title, fault: { type: "status", status, message }, matches: isUpload };
}

/** The ways in which the fake can be broken. */
export const FAULTS: Readonly<Record<string, Fault>> = {
  works: { title: "works" },
  "too-large": refusing(
    "finds the file larger than the plan allows",
    400,
    "File size too large. Got 200000000. Maximum is 104857600. Upgrade your plan to enjoy higher limits",
  ),
  "no-video": refusing("cannot read the file as a video", 400, "Unsupported video format or file"),
  quota: refusing("has used up its quota", 403, "Your plan's usage limit is reached"),
  "rate-limit": refusing(
    "asks to slow down",
    420,
    "Rate Limit Exceeded. Limit of 500 api operations reached. Try again on 2099-01-01 00:00:00 UTC",
  ),
  "server-error": refusing("answers uploads with 500", 500, "General Error"),
  unavailable: { title: "answers everything with 503", fault: { type: "status", status: 503 } },
  html: { title: "has a page of HTML in front of it", fault: { type: "html", status: 502 } },
  reset: { title: "resets connections", fault: { type: "reset" } },
  "reset-midway": {
    title: "resets uploads in their middle",
    fault: { type: "reset", afterBytes: 10_000 },
    matches: isUpload,
  },
  cut: { title: "cuts its answers", fault: { type: "truncated", afterBytes: 10 } },
  silent: { title: "never answers", fault: { type: "silent" } },
};

/** Breaks the fake in one way, and in no other. */
export function turnTo(fake: CloudinaryFake, name: string): void {
  fake.heal();
  const { fault, matches } = FAULTS[name] ?? {};
  if (fault !== undefined) fake.fail({ fault, matches });
}

import type { S3Server } from "../../s3-servers/server.js";
import { withReal, type ServerKind } from "../real.js";
import type { Tally } from "../tally.js";
import type { Trap } from "./trap.js";
import { TRAPS } from "./traps.js";
import { failureWithout } from "./without-work-around.js";

/** Which server a trap is switched on again at: the first that knows it. */
const shown = new Set<string>();

/** Runs the tests of all traps of a server, and shows once for each that it fails without its work-around. */
export async function testTraps(kind: ServerKind, server: S3Server, tally: Tally): Promise<void> {
  for (const trap of TRAPS) {
    if (!isOf(trap, kind)) continue;
    await tally.test(`${trap.about}: ${trap.title}`, () => withReal(kind, server, trap.run));
    if (shown.has(trap.title)) continue;
    shown.add(trap.title);
    await tally.test("  without the work-around it fails", async () => {
      const reason = await failureWithout(kind, server, trap);
      console.log(`         ${reason}`);
    });
  }
}

function isOf({ on, mocked, title }: Trap, kind: ServerKind): boolean {
  if (mocked === true) return !shown.has(title);
  return on?.includes(kind) ?? true;
}

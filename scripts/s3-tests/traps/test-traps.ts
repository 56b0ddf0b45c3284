import type { S3Server } from "../../s3-servers/server.js";
import { withReal, type ServerKind } from "../real.js";
import type { Tally } from "../tally.js";
import type { Trap } from "./trap.js";
import { TRAPS } from "./traps.js";
import { wireOfTests } from "../wire.js";
import { failureWithout } from "./without-work-around.js";

/** Which traps were switched on again, by wire: at the first server that knows them. */
const shown = new Set<string>();

/** Runs the tests of all traps of a server, and shows once for each that it fails without its work-around. */
export async function testTraps(kind: ServerKind, server: S3Server, tally: Tally): Promise<void> {
  for (const trap of TRAPS) {
    if (!isOf(trap, kind)) continue;
    await tally.test(`${trap.about}: ${trap.title}`, () => withReal(kind, server, trap.run));
    const wire = wireOfTests();
    const edits = wire === "own" ? (trap.withoutOwn ?? trap.without) : trap.without;
    const name = `${wire} ${trap.title}`;
    if (shown.has(name) || edits.length === 0) continue;
    shown.add(name);
    await tally.test("  without the work-around it fails", async () => {
      const reason = await failureWithout(kind, server, { ...trap, without: edits });
      console.log(`         ${reason}`);
    });
  }
}

function isOf({ on, mocked, title }: Trap, kind: ServerKind): boolean {
  if (mocked === true) return !shown.has(`${wireOfTests()} ${title}`);
  return on?.includes(kind) ?? true;
}

import type { S3Server } from "../../s3-servers/server.js";
import { withReal, type ServerKind } from "../real.js";
import { TRAPS } from "./traps.js";

/** Printed when the test begins: what fails before says nothing about the test. */
export const BEGUN = "The test begins";

const job = process.env["STOWAGE_TRAP"];
if (job !== undefined) await run(JSON.parse(job));

async function run({
  kind,
  server,
  title,
}: {
  kind: ServerKind;
  server: S3Server;
  title: string;
}): Promise<void> {
  process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] = "true";
  const trap = TRAPS.find((each) => each.title === title);
  if (trap === undefined) throw new Error(`There is no trap "${title}"`);
  await withReal(kind, server, async (real) => {
    console.log(BEGUN);
    await trap.run(real);
  }).then(
    () => process.exit(0),
    (error: unknown) => {
      console.log(String(error));
      process.exit(1);
    },
  );
}

/** The sources under test, by their files: a mutant is made of the same ones. */
export * from "../../packages/core/src/index.js";
export * from "../../packages/core/src/journal.js";
export * from "../../packages/core/src/provider.js";
export { BrokenRowError, rowChecks } from "../../packages/core/src/compose/journaled/row/assert-row.js";
import { toBody, type Body } from "../../packages/core/src/provider.js";

/** The text of a body that is in memory, as all of the simulation are. */
export function bytesOf({ bytes }: Body): string {
  if (bytes === undefined) throw new TypeError("The simulation puts bytes");
  return Buffer.from(bytes).toString();
}

export async function textBody(text: string): Promise<Body> {
  return await toBody(Buffer.from(text));
}

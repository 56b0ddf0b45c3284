/** The variable that says through which wire this process tests. Processes that the tests start have it too. */
const WIRE = "STOWAGE_TEST_WIRE";

/** The wires through which every server is tried. */
export const WIRES = ["own", "sdk"] as const;

export type WireName = (typeof WIRES)[number];

export function useWire(wire: WireName): void {
  process.env[WIRE] = wire;
}

export function wireOfTests(): WireName {
  return process.env[WIRE] === "sdk" ? "sdk" : "own";
}

// Runs histories of the composers under simulated faults: `pnpm simulate --histories 1000`.
import { parseArgs } from "node:util";
import { createDisk } from "./simulate/fake-journal.js";
import { runHistory } from "./simulate/history.js";
import { SCENARIOS } from "./simulate/scenarios.js";

const { values } = parseArgs({
  options: {
    histories: { type: "string", default: "1000" },
    scenario: { type: "string" },
    seed: { type: "string" },
    trace: { type: "boolean", default: false },
  },
});

const disk = createDisk();
for (const scenario of SCENARIOS) {
  if (values.scenario !== undefined && values.scenario !== scenario.name) continue;
  const started = performance.now();
  const seeds = values.seed === undefined ? Array.from({ length: Number(values.histories) }, (_, i) => i) : [Number(values.seed)];
  let bad = 0, unknown = 0, crash = 0, late = 0, answered = 0, calls = 0;
  for (const seed of seeds) {
    const outcome = await runHistory(scenario, seed, disk, values.trace ? console.log : undefined);
    if (outcome.violations.length > 0 && bad++ < 5) console.log(scenario.name, "seed", seed, outcome.violations.join("\n   "));
    unknown += Number(outcome.unknownApplied); crash += Number(outcome.crashOnOpenIntent); late += Number(outcome.lateAfterNewer);
    answered += outcome.answered; calls += outcome.calls;
  }
  const pc = (n: number): string => `${((100 * n) / seeds.length).toFixed(1)} %`;
  console.log(`${scenario.name}: ${seeds.length} histories, ${bad} with violations; unknown applied ${pc(unknown)}, crash on open intent ${pc(crash)}, late after newer ${pc(late)}; answered ${((100 * answered) / calls).toFixed(0)} %; ${((performance.now() - started) / seeds.length).toFixed(2)} ms each`);
}

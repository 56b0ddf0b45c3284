import { comparablePeers } from "./peer-table.mjs";
import { formatRatio } from "./table.mjs";
import { WORKLOADS } from "./workloads.mjs";

/** Wrong answers, peers that are ahead, and how many budgets are met. */
export function closingLines({ budgets, peers, memory, coldStarts }) {
  const judged = [...budgets, ...memory, ...coldStarts].filter(({ met }) => met !== undefined);
  const met = judged.filter((row) => row.met).length;
  return [
    "* writes in place, so that a reader or a crash can meet half a file; or blocks the process",
    ...new Set([...budgets, ...peers].flatMap(problemLines)),
    ...peers.flatMap(aheadLines),
    `${met} of ${judged.length} budgets met`,
  ];
}

function problemLines({ work, problems }) {
  const wrong = Object.entries(problems).filter(([, problem]) => problem !== null);
  return wrong.map(([name, problem]) => `wrong: ${name}, ${WORKLOADS[work].title}: ${problem}`);
}

function aheadLines(row) {
  const ahead = comparablePeers(row).filter((name) => row.stowageOver[name] < 1);
  return ahead.map((name) => {
    const { title } = WORKLOADS[row.work];
    return `ahead: ${name}, ${title}: Stowage has ${formatRatio(row.stowageOver[name])} of its speed`;
  });
}

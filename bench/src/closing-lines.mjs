import { comparablePeers } from "./peer-table.mjs";
import { formatRatio } from "./table.mjs";

/** Wrong answers, peers that are ahead, and how many budgets are met. */
export function closingLines({ budgets, peers, others, footnote }) {
  const judged = [...budgets, ...others].filter(({ met }) => met !== undefined);
  const met = judged.filter((row) => row.met).length;
  const lines = [
    footnote,
    ...new Set([...budgets, ...peers].flatMap(problemLines)),
    ...peers.flatMap(aheadLines),
    `${met} of ${judged.length} budgets met`,
  ];
  return lines.filter((line) => line !== undefined);
}

function problemLines({ workload, problems }) {
  const wrong = Object.entries(problems).filter(([, problem]) => problem !== null);
  return wrong.map(([name, problem]) => `wrong: ${name}, ${workload.title}: ${problem}`);
}

function aheadLines(row) {
  const ahead = comparablePeers(row).filter((name) => row.stowageOver[name] < 1);
  return ahead.map((name) => {
    const share = formatRatio(row.stowageOver[name]);
    return `ahead: ${name}, ${row.workload.title}: Stowage has ${share} of its speed`;
  });
}

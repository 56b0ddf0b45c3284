/** Counts what passed and failed, and prints each failure as it happens. */
export interface Tally {
  /** Runs one test. */
  readonly test: (title: string, run: () => Promise<void>) => Promise<void>;
  /** Tells what came of something that was tried. */
  readonly tell: (isGood: boolean, text: string) => void;
  readonly add: (counts: Counts) => void;
  readonly hasFailures: () => boolean;
  readonly closingLine: () => string;
}

interface Counts {
  readonly passed: number;
  readonly failed: number;
}

export function createTally(): Tally {
  const counts = { passed: 0, failed: 0 };
  const tell = (isGood: boolean, text: string): void => {
    counts[isGood ? "passed" : "failed"] += 1;
    console.log(`${isGood ? "ok    " : "FAILED"} ${text}`);
  };
  return {
    tell,
    test: async (title, run) => {
      try {
        await run();
        tell(true, title);
      } catch (error) {
        tell(false, `${title}\n  ${String(error)}`);
      }
    },
    add: ({ passed, failed }) => {
      counts.passed += passed;
      counts.failed += failed;
    },
    hasFailures: () => counts.failed > 0,
    closingLine: () => `${counts.passed} passed, ${counts.failed} failed`,
  };
}

/** Counts what passed and failed, and prints each failure as it happens. */
export interface Tally {
  /** Runs one test. */
  readonly test: (title: string, run: () => Promise<void>) => Promise<void>;
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
  return {
    test: async (title, run) => {
      try {
        await run();
        counts.passed += 1;
        console.log(`ok     ${title}`);
      } catch (error) {
        counts.failed += 1;
        console.log(`FAILED ${title}\n  ${String(error)}`);
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

/** One variable that is wrong or missing. */
export interface EnvironmentProblem {
  readonly variable: string;
  /** The fault of the variable. A value that may be secret is not repeated. */
  readonly reason: string;
  /** A line for an `.env` file that would be right. */
  readonly example: string;
}

/** The error of an environment from which no storage can be made. It names every problem at once. */
export class EnvironmentError extends Error {
  override readonly name = "EnvironmentError";
  declare readonly problems: readonly EnvironmentProblem[];

  constructor(problems: readonly EnvironmentProblem[]) {
    const lines = problems.map(
      ({ variable, reason, example }) => `- ${variable} ${reason}. For example: ${example}`,
    );
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    super(`The environment has ${count}:\n${lines.join("\n")}`);
    // The message has the problems already, so a printed error shows them once.
    Object.defineProperty(this, "problems", { value: problems, enumerable: false });
  }
}

/** One variable that is wrong or missing. */
export interface EnvironmentProblem {
  readonly variable: string;
  /** The problem with the variable. The text does not repeat a value that may be secret. */
  readonly reason: string;
  /** A correct line for an `.env` file. */
  readonly example: string;
}

/** The error for an environment from which no storage can be made. It lists all problems together. */
export class EnvironmentError extends Error {
  override readonly name = "EnvironmentError";
  declare readonly problems: readonly EnvironmentProblem[];

  constructor(problems: readonly EnvironmentProblem[]) {
    const lines = problems.map(
      ({ variable, reason, example }) => `- ${variable} ${reason}. For example: ${example}`,
    );
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    super(`The environment has ${count}:\n${lines.join("\n")}`);
    // The message already contains the problems. So this field is hidden when the error is printed.
    Object.defineProperty(this, "problems", { value: problems, enumerable: false });
  }
}

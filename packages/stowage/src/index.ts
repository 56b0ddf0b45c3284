export { EnvironmentError, type EnvironmentProblem } from "./environment-error.js";
export { fromEnv, type FromEnvOptions } from "./from-env.js";
export type { Environment } from "./variables.js";

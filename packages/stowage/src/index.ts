export { EnvironmentError, type EnvironmentProblem } from "./environment-error.js";
export type { ComposeOptions, Stores } from "./compose.js";
export { fromEnv, type EnvironmentStorage, type FromEnvOptions } from "./from-env.js";
export type { Environment } from "./variables.js";

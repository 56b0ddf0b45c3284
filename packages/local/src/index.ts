export { local, type LocalOptions } from "./local.js";
export type { SymlinkCheck } from "./directories.js";

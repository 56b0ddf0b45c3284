export { memoryJournal } from "@stowage/core";

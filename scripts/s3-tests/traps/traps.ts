import { ANSWER_TRAPS } from "./answer-traps.js";
import { BODY_TRAPS } from "./body-traps.js";
import { CHECKSUM_TRAPS } from "./checksum-traps.js";
import { CONDITION_TRAPS } from "./condition-traps.js";
import { DELETE_TRAPS } from "./delete-traps.js";
import { ERROR_TRAPS } from "./error-traps.js";
import { LINK_TRAPS } from "./link-traps.js";
import { OBJECT_TRAPS } from "./object-traps.js";
import { KEY_TRAPS } from "./key-traps.js";
import { SERVER_TRAPS } from "./server-traps.js";
import type { Trap } from "./trap.js";

/** All that is known of servers and the SDK and that nobody would expect. */
export const TRAPS: readonly Trap[] = [
  ...CHECKSUM_TRAPS,
  ...DELETE_TRAPS,
  ...BODY_TRAPS,
  ...KEY_TRAPS,
  ...LINK_TRAPS,
  ...OBJECT_TRAPS,
  ...CONDITION_TRAPS,
  ...ERROR_TRAPS,
  ...SERVER_TRAPS,
  ...ANSWER_TRAPS,
];

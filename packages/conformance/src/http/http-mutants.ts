import type { HttpMutant } from "./http-mutant.js";
import { httpPreconditionMutants, ifRangeMutants } from "./mutants/preconditions.js";
import { httpRangeMutants } from "./mutants/ranges.js";
import { safetyMutants } from "./mutants/safety.js";
import { signatureMutants } from "./mutants/signatures.js";
import { wholeMutants } from "./mutants/whole.js";

/** The broken file servers: at least one for each rule about file servers. */
export const HTTP_MUTANTS: readonly HttpMutant[] = [
  ...wholeMutants,
  ...httpRangeMutants,
  ...httpPreconditionMutants,
  ...ifRangeMutants,
  ...safetyMutants,
];

/** The broken servers with signed links: at least one for each rule about signed links. */
export const SIGNATURE_MUTANTS: readonly HttpMutant[] = signatureMutants;

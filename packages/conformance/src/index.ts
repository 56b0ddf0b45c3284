export type { Asset, AssetPlace } from "./cloudinary/assets.js";
export type { StoredBody } from "./cloudinary/bodies.js";
export type { CloudinaryLimits } from "./cloudinary/cloud.js";
export { cloudinaryFake, type CloudinaryFake, type CloudinaryFakeOptions } from "./cloudinary/fake.js";
export type { CloudinaryFailure, CloudinaryFault, FakeRequest } from "./cloudinary/faults.js";
export type { SignatureAlgorithm } from "./cloudinary/signature.js";
export type { StorageBreak } from "./context.js";
export type { Fault, FaultPlan, FaultRates, ScriptStep } from "./fault-plan.js";
export { faulty, type FaultLogEntry, type Faulty } from "./faulty.js";
export {
  conformance,
  runRules,
  type ConformanceOptions,
  type Open,
  type Opened,
  type RuleOutcome,
  type RunOptions,
  type RunReport,
  type Runner,
} from "./harness.js";
export type { Break, Mutant } from "./mutant.js";
export { MUTANTS } from "./mutants.js";
export { checkMutants, type MutantVerdict, type MutationOptions, type MutationReport } from "./mutation.js";
export { featureTable, supportsReport, type SupportsReport } from "./report.js";
export type { Feature, Flag, Need, OptionalMember, Rule, RuleContext, RulePutOptions } from "./rule.js";
export { RULES } from "./rules.js";
export { seeded } from "./seeded.js";
export type { DeliveryType, ResourceType } from "./cloudinary/kinds.js";

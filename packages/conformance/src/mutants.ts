import type { Mutant } from "./mutant.js";
import { abortMutants } from "./mutants/aborts.js";
import { beforeCommitMutants } from "./mutants/before-commit.js";
import { bodyMutants } from "./mutants/bodies.js";
import { conditionMutants } from "./mutants/conditions.js";
import { copyMutants } from "./mutants/copies.js";
import { cursorMutants } from "./mutants/cursors.js";
import { declaredMutants, idempotencyMutants } from "./mutants/declared.js";
import { delimiterMutants } from "./mutants/delimiters.js";
import { directoryMutants } from "./mutants/directories.js";
import { everySourceMutants } from "./mutants/every-source.js";
import { errorMutants } from "./mutants/errors.js";
import { facadeMutants } from "./mutants/facades.js";
import { factsMutants } from "./mutants/facts.js";
import { getMutants } from "./mutants/gets.js";
import { headerMutants } from "./mutants/headers.js";
import { deleteMutants, headMutants } from "./mutants/heads-deletes.js";
import { hostileKeyMutants } from "./mutants/hostile-keys.js";
import { keyMutants } from "./mutants/keys.js";
import { linkMutants } from "./mutants/links.js";
import { listMutants } from "./mutants/lists.js";
import { manyMutants } from "./mutants/many.js";
import { metadataMutants } from "./mutants/metadata.js";
import { ownershipMutants } from "./mutants/ownership.js";
import { moveMutants } from "./mutants/moves.js";
import { putMutants } from "./mutants/put.js";
import { rangeMutants } from "./mutants/ranges.js";
import { readConditionMutants } from "./mutants/read-conditions.js";
import { refMutants } from "./mutants/refs.js";
import { sizeMutants } from "./mutants/sizes.js";
import { sourceMutants } from "./mutants/sources.js";
import { sourceFailureMutants } from "./mutants/source-failures.js";
import { storedObjectMutants } from "./mutants/stored-objects.js";

/** Every rule of the suite has at least one mutant: a broken provider or a broken facade. */
export const MUTANTS: readonly Mutant[] = [
  ...putMutants,
  ...ownershipMutants,
  ...factsMutants,
  ...bodyMutants,
  ...sourceMutants,
  ...everySourceMutants,
  ...sizeMutants,
  ...sourceFailureMutants,
  ...conditionMutants,
  ...getMutants,
  ...readConditionMutants,
  ...rangeMutants,
  ...headMutants,
  ...deleteMutants,
  ...listMutants,
  ...delimiterMutants,
  ...cursorMutants,
  ...keyMutants,
  ...hostileKeyMutants,
  ...headerMutants,
  ...metadataMutants,
  ...copyMutants,
  ...moveMutants,
  ...beforeCommitMutants,
  ...refMutants,
  ...abortMutants,
  ...errorMutants,
  ...storedObjectMutants,
  ...facadeMutants,
  ...manyMutants,
  ...directoryMutants,
  ...idempotencyMutants,
  ...declaredMutants,
  ...linkMutants,
];

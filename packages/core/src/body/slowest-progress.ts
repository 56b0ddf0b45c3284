import type { StorageProvider } from "../contract/provider.js";
import type { PutOptions } from "../contract/call-options.js";

/** The progress of one body on its way to several members. */
export interface SlowestProgress {
  (member: StorageProvider): PutOptions["onProgress"];
  /** Stops counting a member that has failed or has finished. */
  readonly leave: (member: StorageProvider) => void;
}

/** Reports the progress of the slowest member as the progress of the whole put. */
export function slowest(
  takers: readonly StorageProvider[],
  onProgress: PutOptions["onProgress"],
): SlowestProgress {
  const taken = new Map(takers.map((member) => [member, 0]));
  let told = -1;
  const report = (total: number | undefined): void => {
    const loaded = Math.min(...taken.values());
    if (loaded <= told || loaded === Number.POSITIVE_INFINITY) return;
    told = loaded;
    onProgress?.({ loaded, total });
  };
  const of = (member: StorageProvider): PutOptions["onProgress"] =>
    onProgress &&
    (({ loaded, total }) => {
      taken.set(member, loaded);
      report(total);
    });
  return Object.assign(of, { leave: (member: StorageProvider) => void taken.delete(member) });
}

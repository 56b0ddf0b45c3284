/** Lets one commit of each key run at a time, in order. */
export interface KeyLock {
  readonly run: <T>(key: string, work: () => Promise<T>) => Promise<T>;
  /** Whether somebody is at work on the key. */
  readonly isBusy: (key: string) => boolean;
}

/** Makes a lock that holds nothing yet. */
export function createKeyLock(): KeyLock {
  const tails = new Map<string, Promise<unknown>>();
  return {
    isBusy: (key) => tails.has(key),
    run: (key, work) => {
      const before = tails.get(key);
      const mine = before === undefined ? work() : before.then(work, work);
      tails.set(key, mine);
      const leave = (): void => {
        if (tails.get(key) === mine) tails.delete(key);
      };
      mine.then(leave, leave);
      return mine;
    },
  };
}

/** A lock that runs only one piece of work for each key at a time, in order. */
export interface KeyLock {
  readonly run: <T>(key: string, work: () => Promise<T>) => Promise<T>;
  /** Tells whether work on the key is running or waiting. */
  readonly isBusy: (key: string) => boolean;
}

/** Makes a lock without any locked keys. */
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

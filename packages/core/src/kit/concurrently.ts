/**
 * Runs `work` on every item in order of arrival, on up to `count` items at the same time. After the first error no new
 * items are started. The error is thrown after all started work has settled.
 */
export async function concurrently<T>(
  items: Iterable<T> | AsyncIterable<T>,
  count: number,
  work: (item: T, index: number) => Promise<void>,
): Promise<void> {
  const iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  let index = 0;
  let failed = false;
  // An async iterator must not be called again before it has answered.
  let turn: Promise<unknown> = Promise.resolve();
  const take = (): Promise<IteratorResult<T>> => {
    const next = turn.then(() => iterator.next());
    turn = next.catch(() => {});
    return next;
  };
  const worker = async (): Promise<void> => {
    while (!failed) {
      const { done, value } = await take();
      if (done === true) return;
      await work(value, index++);
    }
  };
  const runWorker = async (): Promise<void> => {
    try {
      await worker();
    } catch (error) {
      failed = true;
      throw error;
    }
  };
  const settled = await Promise.allSettled(Array.from({ length: count }, runWorker));
  const first = settled.find((result) => result.status === "rejected");
  if (first === undefined) return;
  await iterator.return?.();
  throw first.reason;
}

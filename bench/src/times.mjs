/** Runs `task(0)` to `task(count - 1)`, at most `concurrency` at a time. */
export async function times(count, concurrency, task) {
  let next = 0;
  const worker = async () => {
    while (next < count) await task(next++);
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, count) }, worker));
}

/** `Promise.all(items.map(task))` with at most `concurrency` at a time. */
export async function mapConcurrently(items, concurrency, task) {
  const results = Array.from(items, () => undefined);
  await times(items.length, concurrency, async (index) => {
    results[index] = await task(items[index]);
  });
  return results;
}

// Many targets at once, bounded: answers come in the order they arrive.

/**
 * Runs `one` over the items, at most `width` at a time, and yields what each yields as it
 * comes. Stops taking new items when the consumer leaves. `one` must not throw for its
 * target: it yields the target's problem.
 */
export async function* fanout<I, T>(items: Iterable<I>, width: number, one: (item: I) => AsyncIterable<T>): AsyncGenerator<T> {
  const source = items[Symbol.iterator]();
  const running = new Map<AsyncIterator<T>, Promise<{ from: AsyncIterator<T>; step: IteratorResult<T> }>>();
  const advance = (from: AsyncIterator<T>): void => {
    running.set(from, from.next().then((step) => ({ from, step })));
  };
  const startNext = (): void => {
    const next = source.next();
    if (next.done !== true) advance(one(next.value)[Symbol.asyncIterator]());
  };
  try {
    for (let n = 0; n < width; n++) startNext();
    while (running.size > 0) {
      const { from, step } = await Promise.race(running.values());
      if (step.done === true) {
        running.delete(from);
        startNext();
        continue;
      }
      yield step.value;
      advance(from);
    }
  } finally {
    await Promise.allSettled([...running.keys()].map((iterator) => iterator.return?.()));
  }
}

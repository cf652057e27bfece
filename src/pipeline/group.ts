/**
 * Groups single calls into few writes: while one write is under way the items that come in wait, and go
 * together with the next. Each call resolves once its item is written; a write that fails rejects its items.
 */
export function groupWrites<Item>(
  write: (items: readonly Item[]) => Promise<void>,
): (item: Item) => Promise<void> {
  let waiting: Item[] = [];
  let next: Promise<void> | undefined;
  let current: Promise<void> = Promise.resolve();

  async function writeWaiting(): Promise<void> {
    // The write before has its own callers to tell how it ended.
    await current.catch(() => undefined);
    const items = waiting;
    waiting = [];
    current = next ?? current;
    next = undefined;
    await write(items);
  }

  return function add(item: Item): Promise<void> {
    waiting.push(item);
    next ??= writeWaiting();
    return next;
  };
}

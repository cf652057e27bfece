/**
 * Groups single calls into few writes: what comes in during one turn of the event loop, or while `atOnce` writes are
 * under way, goes together with the next. Each call resolves once its item is written; a write that fails rejects its
 * items.
 */
export function groupWrites<Item>(
  write: (items: readonly Item[]) => Promise<void>,
  atOnce = 1,
): (item: Item) => Promise<void> {
  let items: Item[] = [];
  let written: PromiseWithResolvers<void> | undefined;
  let underWay = 0;

  async function writeWaiting(): Promise<void> {
    if (!written || underWay === atOnce) return;
    const [group, { resolve, reject }] = [items, written];
    items = [];
    written = undefined;
    underWay += 1;
    try {
      await write(group);
      resolve();
    } catch (thrown) {
      reject(thrown);
    }
    underWay -= 1;
    void writeWaiting();
  }

  return function add(item: Item): Promise<void> {
    items.push(item);
    if (!written) {
      written = Promise.withResolvers();
      // Answers that lie in sockets already are read first: a write of one costs as much as one of many.
      setImmediate(writeWaiting);
    }
    return written.promise;
  };
}

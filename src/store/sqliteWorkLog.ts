import type { DatabaseSync } from 'node:sqlite';
import { toCrashedRange } from './crashedRow.ts';
import { type Run, transactionIn } from './sqliteDatabase.ts';
import type { RecordRange, WorkLog } from './store.ts';

/** The work log of the process that is this owner; everybody else has ended. */
export function openWorkLog(database: DatabaseSync, owner: string, run: Run): WorkLog {
  const transaction = transactionIn(database, run);
  const begin = database.prepare(
    'INSERT INTO work (owner, ranges) VALUES (?, ?) ON CONFLICT DO UPDATE SET ranges = excluded.ranges',
  );
  const end = database.prepare('DELETE FROM work WHERE owner = ?');
  const addCrashes = database.prepare(
    `INSERT INTO crashed_work (topic, partition, first_offset, last_offset, crashes)
     SELECT value->>'topic', value->>'partition', value->>'firstOffset', value->>'lastOffset', 1
     FROM work, json_each(work.ranges) WHERE owner <> ?
     ON CONFLICT DO UPDATE SET crashes = crashes + 1`,
  );
  const clearOthers = database.prepare('DELETE FROM work WHERE owner <> ?');
  const select = database.prepare('SELECT * FROM crashed_work ORDER BY topic, partition');
  const forget = database.prepare(
    'DELETE FROM crashed_work WHERE topic = ? AND partition = ? AND first_offset = ? AND last_offset = ?',
  );
  return {
    begin: (ranges) =>
      run(() => {
        begin.run(owner, JSON.stringify(ranges));
      }),
    end: () =>
      run(() => {
        end.run(owner);
      }),
    crashed: () =>
      transaction(() => {
        addCrashes.run(owner);
        clearOthers.run(owner);
        return select.all().map(toCrashedRange);
      }),
    forget: (ranges: readonly RecordRange[]) =>
      transaction(() => {
        for (const { topic, partition, firstOffset, lastOffset } of ranges) {
          forget.run(topic, partition, firstOffset, lastOffset);
        }
      }),
  };
}

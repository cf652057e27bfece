import type { TestContext } from 'vitest';
import { type NativeMariadb, nativeMariadb } from '../../dev/native/mariadb.ts';
import { toError } from '../../src/errors.ts';
import { type OwnTable, ownMariadbTable } from './ownTable.ts';

/** A MariaDB server of a test's own, for what would disturb others, with a part of it for a table. */
export interface OwnMariadb extends OwnTable {
  readonly server: NativeMariadb;
}

/** Starts one, which ends with the test. Where none can be started the test is skipped, and says why. */
export async function ownMariadb(context: TestContext): Promise<OwnMariadb> {
  const starting = nativeMariadb({ report: () => undefined });
  const server = await starting.catch((thrown) => context.skip(toError(thrown).message));
  context.onTestFinished(server.stop);
  const table = await ownMariadbTable(server.url);
  await table.query(
    `CREATE TABLE ${table.name} (user_id varchar(190), click_id varchar(512), created_at timestamp(3) NULL, KEY (user_id))`,
  );
  return { ...table, server };
}

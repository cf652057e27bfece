/**
 * The schema of the SQLite store, as the statements that lead from each version to the next. A step that
 * has been released never changes; a new one is added behind it. `user_version` holds how many ran.
 */
export const sqliteMigrations: readonly string[] = [
  `
  CREATE TABLE user_attribution (
    user_id    TEXT NOT NULL,
    click_id   TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, click_id)
  ) WITHOUT ROWID;
  CREATE INDEX user_attribution_created_at ON user_attribution (created_at);

  CREATE TABLE ledger (
    key        BLOB NOT NULL PRIMARY KEY,
    kind       TEXT NOT NULL,
    state      TEXT NOT NULL,
    owner      TEXT NOT NULL,
    topic      TEXT NOT NULL,
    partition  INTEGER NOT NULL,
    "offset"   INTEGER NOT NULL,
    claimed_at INTEGER NOT NULL,
    settled_at INTEGER,
    attempts   INTEGER NOT NULL DEFAULT 0,
    status     INTEGER
  ) WITHOUT ROWID;
  CREATE INDEX ledger_claimed_at ON ledger (claimed_at);
  `,
  `
  CREATE TABLE work (
    owner  TEXT NOT NULL PRIMARY KEY,
    ranges TEXT NOT NULL
  ) WITHOUT ROWID;

  CREATE TABLE crashed_work (
    topic        TEXT NOT NULL,
    partition    INTEGER NOT NULL,
    first_offset INTEGER NOT NULL,
    last_offset  INTEGER NOT NULL,
    crashes      INTEGER NOT NULL,
    PRIMARY KEY (topic, partition, first_offset, last_offset)
  ) WITHOUT ROWID;
  `,
  'ALTER TABLE ledger ADD COLUMN interrupted INTEGER NOT NULL DEFAULT 0',
  `
  ALTER TABLE ledger ADD COLUMN click_hash TEXT;
  ALTER TABLE ledger ADD COLUMN click_mask TEXT;
  ALTER TABLE ledger ADD COLUMN click_at INTEGER;
  ALTER TABLE ledger ADD COLUMN user_key TEXT;
  ALTER TABLE ledger ADD COLUMN trace_id TEXT;
  ALTER TABLE ledger ADD COLUMN reason TEXT;
  ALTER TABLE ledger ADD COLUMN history TEXT;
  `,
  `
  CREATE TABLE hash_key (
    id          INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    fingerprint TEXT NOT NULL
  );
  `,
  // Null where the key is linked to the click since it happened.
  'ALTER TABLE user_attribution ADD COLUMN linked_at INTEGER',
  `
  CREATE TABLE row_estimate (
    name TEXT NOT NULL PRIMARY KEY,
    rows INTEGER NOT NULL
  ) WITHOUT ROWID;
  INSERT INTO row_estimate SELECT 'user_attribution', count(*) FROM user_attribution;
  `,
];

-- The whole appliance in one file. Times are milliseconds since the Unix epoch; JSON is TEXT; digests are BLOBs of
-- 32 bytes. Inside, rows are named by small integers (n); the text ids are for the door.

CREATE TABLE installation (
  n            INTEGER PRIMARY KEY CHECK (n = 1),
  id           TEXT    NOT NULL,
  -- A digest of the folder's secret: a database beside the wrong secret is noticed at start, not by dead links.
  secret_check BLOB    NOT NULL,
  created_at   INTEGER NOT NULL
) STRICT;

CREATE TABLE projects (
  n          INTEGER PRIMARY KEY,
  name       TEXT    NOT NULL UNIQUE,
  created_at INTEGER NOT NULL
) STRICT;

-- Test and live are two worlds in one project. Every row that a key may see carries its world.
CREATE TABLE worlds (
  n         INTEGER PRIMARY KEY,
  project_n INTEGER NOT NULL REFERENCES projects (n),
  mode      TEXT    NOT NULL CHECK (mode IN ('live', 'test')),
  UNIQUE (project_n, mode)
) STRICT;

CREATE TABLE api_keys (
  n          INTEGER PRIMARY KEY,
  id         TEXT    NOT NULL UNIQUE,
  world_n    INTEGER NOT NULL REFERENCES worlds (n),
  name       TEXT    NOT NULL,
  hash       BLOB    NOT NULL UNIQUE,
  hint       TEXT    NOT NULL,
  scopes     TEXT    NOT NULL,
  limits     TEXT    NOT NULL,
  created_at INTEGER NOT NULL,
  revoked_at INTEGER
) STRICT;

CREATE TABLE pauses (
  n                INTEGER PRIMARY KEY,
  id               TEXT    NOT NULL UNIQUE,
  world_n          INTEGER NOT NULL REFERENCES worlds (n),
  key_n            INTEGER NOT NULL REFERENCES api_keys (n),
  status           TEXT    NOT NULL CHECK (status IN ('pending', 'responded', 'timed_out', 'cancelled')),
  channel          TEXT    NOT NULL,
  recipient_form   TEXT    NOT NULL CHECK (recipient_form IN ('one', 'many')),
  message          TEXT    NOT NULL,
  options          TEXT    NOT NULL,
  details          TEXT    NOT NULL,
  metadata         TEXT    NOT NULL,
  allow_comment    INTEGER NOT NULL CHECK (allow_comment IN (0, 1)),
  action_digest    TEXT,
  audience         TEXT,
  webhook_url      TEXT,
  timeout_hours    REAL    NOT NULL,
  timeout_default  TEXT,
  -- What answers mean: {"kind":"first"} lets the first one decide.
  policy           TEXT    NOT NULL,
  created_at       INTEGER NOT NULL,
  expires_at       INTEGER NOT NULL,
  -- The next thing the clock has to do here: its expiry.
  next_due_at      INTEGER NOT NULL,
  ended_at         INTEGER,
  response_choice  TEXT,
  response_source  TEXT    CHECK (response_source IN ('human', 'timeout_default')),
  response_via     TEXT,
  response_comment TEXT,
  responded_by     INTEGER,
  cancel_reason    TEXT,
  rejected_count   INTEGER NOT NULL DEFAULT 0,
  CHECK ((status = 'pending') = (ended_at IS NULL)),
  CHECK ((status = 'responded') = (response_choice IS NOT NULL)),
  CHECK ((status = 'responded') = (response_source IS NOT NULL))
) STRICT;
CREATE INDEX pauses_due ON pauses (next_due_at) WHERE status = 'pending';
CREATE INDEX pauses_in_world ON pauses (world_n, status);

-- Whom a pause asks, by position. `address` is what the asker wrote, normalised; `destination` is where it leads.
CREATE TABLE recipients (
  pause_n     INTEGER NOT NULL REFERENCES pauses (n),
  position    INTEGER NOT NULL,
  address     TEXT    NOT NULL,
  destination TEXT    NOT NULL,
  opened_at   INTEGER,
  PRIMARY KEY (pause_n, position)
) STRICT, WITHOUT ROWID;

-- Every accepted answer, by a recipient (position) or by the clock (NULL).
CREATE TABLE answers (
  n        INTEGER PRIMARY KEY,
  pause_n  INTEGER NOT NULL REFERENCES pauses (n),
  position INTEGER,
  choice   TEXT    NOT NULL,
  comment  TEXT,
  source   TEXT    NOT NULL CHECK (source IN ('human', 'timeout_default')),
  via      TEXT,
  at       INTEGER NOT NULL,
  UNIQUE (pause_n, position)
) STRICT;

-- Everything that leaves the building. While `sending`, `due_at` is the end of the lease.
CREATE TABLE deliveries (
  pause_n     INTEGER NOT NULL REFERENCES pauses (n),
  ordinal     INTEGER NOT NULL,
  id          TEXT    NOT NULL,
  position    INTEGER NOT NULL,
  channel     TEXT    NOT NULL,
  carrier     TEXT    NOT NULL,
  status      TEXT    NOT NULL CHECK (status IN ('queued', 'sending', 'sent', 'delivered', 'failed', 'cancelled')),
  due_at      INTEGER NOT NULL,
  attempts    INTEGER NOT NULL DEFAULT 0,
  provider_id TEXT,
  error       TEXT,
  finished_at INTEGER,
  PRIMARY KEY (pause_n, ordinal)
) STRICT, WITHOUT ROWID;
CREATE INDEX deliveries_due ON deliveries (carrier, due_at) WHERE status IN ('queued', 'sending');

CREATE TABLE delivery_attempts (
  pause_n INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  at      INTEGER NOT NULL,
  took_ms INTEGER,
  outcome TEXT    NOT NULL,
  status  INTEGER,
  error   TEXT,
  excerpt TEXT,
  PRIMARY KEY (pause_n, ordinal, attempt),
  FOREIGN KEY (pause_n, ordinal) REFERENCES deliveries (pause_n, ordinal)
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency_keys (
  world_n    INTEGER NOT NULL REFERENCES worlds (n),
  key        TEXT    NOT NULL,
  body_hash  BLOB    NOT NULL,
  pause_n    INTEGER NOT NULL REFERENCES pauses (n),
  created_at INTEGER NOT NULL,
  PRIMARY KEY (world_n, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);

-- The log. `entry` holds the very bytes that were hashed (RFC 8785 without `hash`); the chain hash is their SHA-256.
CREATE TABLE audit_entries (
  seq     INTEGER PRIMARY KEY,
  world_n INTEGER,
  pause_n INTEGER,
  entry   TEXT NOT NULL,
  leaf    BLOB NOT NULL
) STRICT;
CREATE INDEX audit_entries_of_pause ON audit_entries (pause_n) WHERE pause_n IS NOT NULL;
CREATE INDEX audit_entries_of_world ON audit_entries (world_n) WHERE world_n IS NOT NULL;

-- Beside the log until erased: one JSON object of pointer → RFC 9901 disclosure for each entry that commits to something.
CREATE TABLE audit_disclosures (
  seq       INTEGER PRIMARY KEY REFERENCES audit_entries (seq),
  disclosed TEXT NOT NULL
) STRICT;

-- Perfect subtrees of the RFC 6962 tree at levels 8, 16 and 24; everything else is recomputed from at most 256 hashes.
CREATE TABLE merkle_nodes (
  level    INTEGER NOT NULL,
  position INTEGER NOT NULL,
  hash     BLOB    NOT NULL,
  PRIMARY KEY (level, position)
) STRICT, WITHOUT ROWID;

-- Written once, never again: also a slip in our own code is refused by the database.
CREATE TRIGGER audit_entries_are_final BEFORE UPDATE ON audit_entries
BEGIN SELECT RAISE(ABORT, 'an audit entry is final'); END;
CREATE TRIGGER audit_entries_stay BEFORE DELETE ON audit_entries
BEGIN SELECT RAISE(ABORT, 'an audit entry stays'); END;
CREATE TRIGGER ended_pauses_are_final BEFORE UPDATE OF status ON pauses WHEN OLD.status <> 'pending'
BEGIN SELECT RAISE(ABORT, 'a pause ends once'); END;

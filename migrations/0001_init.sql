-- The whole appliance in one file. Times are milliseconds since the Unix epoch; JSON is TEXT; digests are BLOBs of
-- 32 bytes. Inside, rows are named by small integers (n); the text ids are for the door. The checks say OR in place of
-- IN: SQLite builds a table of an IN list at every insert, which costs as much as the insert.

CREATE TABLE installation (
  n            INTEGER PRIMARY KEY CHECK (n = 1),
  id           TEXT    NOT NULL,
  -- A digest of the folder's secret: a database beside the wrong secret is noticed at start, not by dead links.
  secret_check BLOB    NOT NULL,
  created_at   INTEGER NOT NULL,
  -- Why no checkpoints and receipts are signed now; NULL: they are, unless a restore has not been looked into yet.
  signing_withheld TEXT,
  -- The largest size that is known to have been signed, where this log falls short of it or differs there.
  withheld_size    INTEGER,
  -- When a backup was restored that has not been compared yet with what was signed after it was made.
  restored_at      INTEGER
) STRICT;

-- Each restore of a backup. What came after seq in the log of that time is in no log any more.
CREATE TABLE restores (
  n           INTEGER PRIMARY KEY,
  restored_at INTEGER NOT NULL,
  -- When the backup was made, and the last entry of the log in it.
  made_at     INTEGER NOT NULL,
  seq         INTEGER NOT NULL,
  -- The entry log.restored that tells of it, once the server has started.
  entry_seq   INTEGER
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
  mode      TEXT    NOT NULL CHECK (mode = 'live' OR mode = 'test'),
  -- What signs the webhook_url of a pause is derived from the folder's secret and this number.
  secret_version    INTEGER NOT NULL DEFAULT 1,
  secret_rotated_at INTEGER,
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
  -- The name of a plan of the configuration; NULL: none.
  plan       TEXT,
  created_at INTEGER NOT NULL,
  revoked_at INTEGER
) STRICT;

-- How many pauses a key has created in a calendar month (202611) of the zone in the configuration.
CREATE TABLE key_months (
  month  INTEGER NOT NULL,
  key_n  INTEGER NOT NULL REFERENCES api_keys (n),
  pauses INTEGER NOT NULL,
  PRIMARY KEY (month, key_n)
) STRICT, WITHOUT ROWID;

-- When messages to a recipient were queued within the last hour: what the ceiling counts. `n` is a keyed digest of the
-- address, cut to 52 bits, so that no address stands here. `before` holds, for each message, by how many milliseconds it
-- was before the newest: 32 bits each, in the machine's order.
CREATE TABLE recipient_messages (
  n         INTEGER PRIMARY KEY,
  newest_at INTEGER NOT NULL,
  before    BLOB    NOT NULL
) STRICT;

CREATE TABLE pauses (
  n                INTEGER PRIMARY KEY,
  id               TEXT    NOT NULL UNIQUE,
  world_n          INTEGER NOT NULL REFERENCES worlds (n),
  key_n            INTEGER NOT NULL REFERENCES api_keys (n),
  status           TEXT    NOT NULL CHECK (status = 'pending' OR status = 'responded' OR status = 'timed_out' OR status = 'cancelled'),
  channel          TEXT    NOT NULL,
  recipient_form   TEXT    NOT NULL CHECK (recipient_form = 'one' OR recipient_form = 'many'),
  message          TEXT    NOT NULL,
  options          TEXT    NOT NULL,
  details          TEXT    NOT NULL,
  metadata         TEXT    NOT NULL,
  allow_comment    INTEGER NOT NULL CHECK (allow_comment = 0 OR allow_comment = 1),
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
  response_source  TEXT    CHECK (response_source = 'human' OR response_source = 'timeout_default'),
  response_via     TEXT,
  response_comment TEXT,
  responded_by     INTEGER,
  cancel_reason    TEXT,
  -- The signed receipt of an answer, and when an executor took it.
  receipt          TEXT,
  receipt_consumed_at INTEGER,
  rejected_count   INTEGER NOT NULL DEFAULT 0,
  -- When its content was erased; its columns then say '[erased]', '{}' or NULL.
  erased_at        INTEGER,
  CHECK ((status = 'pending') = (ended_at IS NULL)),
  CHECK ((status = 'responded') = (response_choice IS NOT NULL)),
  CHECK ((status = 'responded') = (response_source IS NOT NULL))
) STRICT;
-- What ends leaves one index and enters another at its end: an answer to an old pause touches few pages that no other one
-- needs.
CREATE INDEX pauses_due ON pauses (world_n, next_due_at) WHERE status = 'pending';
CREATE INDEX pauses_ended ON pauses (world_n, ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX pauses_in_world ON pauses (world_n);

-- Whom a pause asks, by position. `address` is what the asker wrote, normalised; `destination` is where it leads.
CREATE TABLE recipients (
  pause_n     INTEGER NOT NULL REFERENCES pauses (n),
  position    INTEGER NOT NULL,
  address     TEXT    NOT NULL,
  destination TEXT    NOT NULL,
  opened_at   INTEGER,
  PRIMARY KEY (pause_n, position)
) STRICT, WITHOUT ROWID;

-- What the page was made from beside the question, kept so that a page can be made again: its template's version, the
-- asking project's name, logo, colour and zone, the server's host. One row for each that was ever shown.
CREATE TABLE appearances (
  digest     BLOB NOT NULL PRIMARY KEY,
  appearance TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The pages that a recipient's link showed: the first of all, and each later one that shows something else to whoever is
-- not known to be a machine. `state` is how the question stood then.
CREATE TABLE views (
  pause_n    INTEGER NOT NULL,
  position   INTEGER NOT NULL,
  ordinal    INTEGER NOT NULL,
  at         INTEGER NOT NULL,
  language   TEXT    NOT NULL,
  state      TEXT    NOT NULL,
  appearance BLOB    NOT NULL REFERENCES appearances (digest),
  automated  INTEGER NOT NULL,
  PRIMARY KEY (pause_n, position, ordinal)
) STRICT, WITHOUT ROWID;

-- Where the request that created a pause stands in a trace of its asker's (W3C Trace Context): its webhooks hand that on.
CREATE TABLE pause_traces (
  pause_n     INTEGER PRIMARY KEY REFERENCES pauses (n),
  traceparent TEXT    NOT NULL,
  tracestate  TEXT
) STRICT;

-- What scripted approvers of the test world are still to do, and when: the next step of a recipient's script.
CREATE TABLE scripted_acts (
  pause_n  INTEGER NOT NULL REFERENCES pauses (n),
  position INTEGER NOT NULL,
  script   TEXT    NOT NULL,
  step     INTEGER NOT NULL,
  due_at   INTEGER NOT NULL,
  PRIMARY KEY (pause_n, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX scripted_acts_due ON scripted_acts (due_at);

-- Every accepted answer in the order they came, by a recipient (position) or by the clock (NULL).
CREATE TABLE answers (
  pause_n  INTEGER NOT NULL REFERENCES pauses (n),
  ordinal  INTEGER NOT NULL,
  position INTEGER,
  choice   TEXT    NOT NULL,
  comment  TEXT,
  source   TEXT    NOT NULL CHECK (source = 'human' OR source = 'timeout_default'),
  via      TEXT,
  at       INTEGER NOT NULL,
  PRIMARY KEY (pause_n, ordinal)
) STRICT, WITHOUT ROWID;

-- Everything that leaves the building: what asks a person (`ask`), what tells one that a question is over (`notice`), and
-- what tells a program (`webhook`). Rows with pause_n 0 belong to no pause. While `sending`, `due_at` is the end of the
-- lease. `lane` is where it goes: a configured channel, the outbox, or the origin of a webhook's URL.
CREATE TABLE deliveries (
  pause_n     INTEGER NOT NULL,
  ordinal     INTEGER NOT NULL,
  id          TEXT    NOT NULL UNIQUE,
  kind        TEXT    NOT NULL CHECK (kind = 'ask' OR kind = 'notice' OR kind = 'webhook'),
  lane        TEXT    NOT NULL,
  status      TEXT    NOT NULL CHECK (status = 'queued' OR status = 'sending' OR status = 'sent' OR status = 'delivered' OR status = 'failed' OR status = 'cancelled'),
  due_at      INTEGER NOT NULL,
  created_at  INTEGER NOT NULL,
  attempts    INTEGER NOT NULL DEFAULT 0,
  -- Attempts before it was last sent again by hand: the schedule of retries began anew then.
  begun_after INTEGER NOT NULL DEFAULT 0,
  error       TEXT,
  finished_at INTEGER,
  -- To a person: who, by what the request calls a channel, which step of a fallback, where that one leads (NULL: as the
  -- recipient's row says), the code that a reply must hold, and the peer's own id of the message.
  position    INTEGER,
  channel     TEXT,
  step        INTEGER NOT NULL DEFAULT 0,
  destination TEXT,
  reply_code  TEXT,
  provider_id TEXT,
  -- To a program: the endpoint (NULL: the pause's own webhook_url), and the event it is told.
  endpoint_n  INTEGER REFERENCES webhook_endpoints (n),
  event_id    TEXT,
  event_type  TEXT,
  PRIMARY KEY (pause_n, ordinal),
  CHECK ((kind = 'webhook') = (position IS NULL)),
  CHECK ((kind = 'webhook') = (event_id IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX deliveries_due ON deliveries (lane, due_at) WHERE status IN ('queued', 'sending');
CREATE INDEX deliveries_of_endpoint ON deliveries (endpoint_n, id) WHERE endpoint_n IS NOT NULL;
CREATE INDEX deliveries_waiting_for ON deliveries (endpoint_n, status) WHERE endpoint_n IS NOT NULL AND status IN ('queued', 'sending');
CREATE INDEX deliveries_failed ON deliveries (id) WHERE status = 'failed';
CREATE INDEX deliveries_known_as ON deliveries (lane, provider_id) WHERE provider_id IS NOT NULL;
CREATE INDEX deliveries_with_code ON deliveries (lane, destination) WHERE reply_code IS NOT NULL;

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
  -- What the text cost: the alphabet that it was sent in, and how many segments. NULL where texts cost nothing.
  encoding TEXT,
  segments INTEGER,
  PRIMARY KEY (pause_n, ordinal, attempt),
  FOREIGN KEY (pause_n, ordinal) REFERENCES deliveries (pause_n, ordinal)
) STRICT, WITHOUT ROWID;

-- Programs that are told of a world's events. What signs for one is derived from the folder's secret, its id and a number.
CREATE TABLE webhook_endpoints (
  n                 INTEGER PRIMARY KEY,
  id                TEXT    NOT NULL UNIQUE,
  world_n           INTEGER NOT NULL REFERENCES worlds (n),
  url               TEXT    NOT NULL,
  -- A JSON array of event types; NULL: all of them, also those to come.
  events            TEXT,
  description       TEXT,
  status            TEXT    NOT NULL CHECK (status = 'enabled' OR status = 'disabled'),
  disabled_reason   TEXT,
  secret_version    INTEGER NOT NULL DEFAULT 1,
  secret_rotated_at INTEGER,
  -- Since when everything that was sent there has failed; NULL after a success.
  failing_since     INTEGER,
  created_at        INTEGER NOT NULL,
  deleted_at        INTEGER
) STRICT;
CREATE INDEX webhook_endpoints_in_world ON webhook_endpoints (world_n) WHERE deleted_at IS NULL;

-- What event streams and webhooks tell, for a week; ids and numbers grow together.
CREATE TABLE events (
  n       INTEGER PRIMARY KEY,
  id      TEXT    NOT NULL,
  world_n INTEGER NOT NULL REFERENCES worlds (n),
  -- No reference: without an index, which would cost each event, every pause that is pruned would read the whole table.
  pause_n INTEGER NOT NULL,
  type    TEXT    NOT NULL,
  at      INTEGER NOT NULL
) STRICT;

-- Numbers that asked for no more texts of a channel, as keyed digests: the list works without holding a number.
CREATE TABLE opt_outs (
  channel TEXT    NOT NULL,
  digest  BLOB    NOT NULL,
  at      INTEGER NOT NULL,
  PRIMARY KEY (channel, digest)
) STRICT, WITHOUT ROWID;

-- When a person last wrote over a channel that takes some messages only for a while after that; by keyed digests.
CREATE TABLE heard (
  channel TEXT    NOT NULL,
  digest  BLOB    NOT NULL,
  at      INTEGER NOT NULL,
  PRIMARY KEY (channel, digest)
) STRICT, WITHOUT ROWID;

-- Erasures for a person. Addresses stand here as keyed digests alone, a JSON array; `after_seq` is where the log ended when
-- it began, so that what it has done is found there. One that is not finished is gone on with at the next start.
CREATE TABLE erasures (
  n           INTEGER PRIMARY KEY,
  id          TEXT    NOT NULL UNIQUE,
  digests     TEXT    NOT NULL,
  actor       TEXT    NOT NULL,
  after_seq   INTEGER NOT NULL,
  asked_at    INTEGER NOT NULL,
  finished_at INTEGER
) STRICT;
CREATE INDEX erasures_unfinished ON erasures (n) WHERE finished_at IS NULL;

-- Who may not be erased, as keyed digests, a JSON array.
CREATE TABLE legal_holds (
  n           INTEGER PRIMARY KEY,
  id          TEXT    NOT NULL UNIQUE,
  digests     TEXT    NOT NULL,
  reason      TEXT    NOT NULL,
  set_at      INTEGER NOT NULL,
  released_at INTEGER
) STRICT;

CREATE TABLE idempotency_keys (
  world_n    INTEGER NOT NULL REFERENCES worlds (n),
  key        TEXT    NOT NULL,
  body_hash  BLOB    NOT NULL,
  -- No reference, as in events.
  pause_n    INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (world_n, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);

-- Who may use the console. Nobody's TOTP secret is stored: it is derived from the folder's secret, the id and
-- totp_version. One who is removed stays, since the log names them.
CREATE TABLE operators (
  n              INTEGER PRIMARY KEY,
  id             TEXT    NOT NULL UNIQUE,
  name           TEXT    NOT NULL,
  -- The name in lower case: under it somebody signs in.
  known_as       TEXT    NOT NULL,
  role           TEXT    NOT NULL CHECK (role = 'viewer' OR role = 'operator' OR role = 'admin'),
  -- argon2id, with its parameters and salt.
  password       TEXT    NOT NULL,
  -- 1: somebody else chose the password, and it must be changed at the first sign-in.
  password_given INTEGER NOT NULL CHECK (password_given = 0 OR password_given = 1),
  totp_version   INTEGER NOT NULL DEFAULT 1,
  -- When a first code has shown that the app holds the secret; NULL: not yet.
  totp_since     INTEGER,
  -- The time step of the last code that was taken: each is good once (RFC 6238, section 5.2).
  totp_last_step INTEGER NOT NULL DEFAULT 0,
  -- Until when the wrong codes that came behind the right password take from what may be tried; in the past: none does.
  totp_tried_until INTEGER NOT NULL DEFAULT 0,
  -- SHA-256 of the recovery codes that are left, hex, a JSON array.
  recovery       TEXT    NOT NULL DEFAULT '[]',
  created_at     INTEGER NOT NULL,
  removed_at     INTEGER
) STRICT;
CREATE UNIQUE INDEX operators_known_as ON operators (known_as) WHERE removed_at IS NULL;

-- Who is signed in. The cookie's text is not kept, only its SHA-256.
CREATE TABLE operator_sessions (
  n          INTEGER PRIMARY KEY,
  id         TEXT    NOT NULL UNIQUE,
  operator_n INTEGER NOT NULL REFERENCES operators (n),
  hash       BLOB    NOT NULL UNIQUE,
  -- 0: the password alone was right, as no authenticator is set up yet; nothing is shown but that.
  is_full    INTEGER NOT NULL CHECK (is_full = 0 OR is_full = 1),
  address    TEXT,
  user_agent TEXT,
  created_at INTEGER NOT NULL,
  seen_at    INTEGER NOT NULL,
  ends_at    INTEGER NOT NULL,
  -- The version of the authenticator that is being set up in place of the one of now, and until when it may be.
  totp_next       INTEGER,
  totp_next_until INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX operator_sessions_of ON operator_sessions (operator_n);

-- The log. `entry` holds the very bytes that were hashed (RFC 8785 without `hash`); the chain hash is their SHA-256.
CREATE TABLE audit_entries (
  seq     INTEGER PRIMARY KEY,
  world_n INTEGER,
  pause_n INTEGER,
  entry   TEXT NOT NULL,
  leaf    BLOB NOT NULL,
  -- Beside the entry until erased: one JSON object of pointer → RFC 9901 disclosure, where it commits to something.
  disclosed TEXT,
  -- The entry `data.erased` that tells why disclosures of this one are gone.
  erased_seq INTEGER
) STRICT;
CREATE INDEX audit_entries_of_pause ON audit_entries (pause_n) WHERE pause_n IS NOT NULL;
-- What belongs to no project: keys, starts, changes of the configuration.
CREATE INDEX audit_entries_of_installation ON audit_entries (seq) WHERE world_n IS NULL;
CREATE INDEX audit_entries_of_world ON audit_entries (world_n) WHERE world_n IS NOT NULL;

-- Perfect subtrees of the RFC 6962 tree at levels 8, 16 and 24; everything else is recomputed from at most 256 hashes.
CREATE TABLE merkle_nodes (
  level    INTEGER NOT NULL,
  position INTEGER NOT NULL,
  hash     BLOB    NOT NULL,
  PRIMARY KEY (level, position)
) STRICT, WITHOUT ROWID;

-- Where the log begins, once its beginning was pruned: no row means with entry 1. `first_seq` is the first entry that is
-- kept and one more than a multiple of 256, `prev_hash` what it is linked to (hex), `at` the time of the last one that is
-- gone, `root` that of the tree over those: what the stored nodes must give.
CREATE TABLE log_start (
  n         INTEGER PRIMARY KEY CHECK (n = 1),
  first_seq INTEGER NOT NULL CHECK (first_seq % 256 = 1),
  prev_hash TEXT    NOT NULL,
  at        INTEGER NOT NULL,
  root      BLOB    NOT NULL
) STRICT;

-- Entries of the pruned part that later ones rest on: of keys and signing keys. `path` are the 8 hashes that lead from
-- its leaf to the node of its 256 entries at level 8, which is stored, so that its proof can be made for ever.
CREATE TABLE kept_entries (
  seq        INTEGER PRIMARY KEY,
  world_n    INTEGER,
  entry      TEXT NOT NULL,
  disclosed  TEXT,
  erased_seq INTEGER,
  path       BLOB NOT NULL CHECK (length(path) = 256)
) STRICT;

-- Ed25519 keys that sign checkpoints (`log`, under the log's name) and receipts. The seed is sealed with AES-256-GCM under
-- a key derived from the folder's secret, so that a copy of the database alone can sign nothing. None is ever deleted:
-- what it signed must stay checkable.
CREATE TABLE signing_keys (
  n          INTEGER PRIMARY KEY,
  id         TEXT    NOT NULL UNIQUE,
  purpose    TEXT    NOT NULL CHECK (purpose = 'log' OR purpose = 'receipt-live' OR purpose = 'receipt-test'),
  name       TEXT,
  public_key BLOB    NOT NULL UNIQUE,
  sealed     BLOB    NOT NULL,
  created_at INTEGER NOT NULL,
  retired_at INTEGER,
  -- By the key before it, over the statement that this one follows.
  handover   BLOB,
  -- The entry of the log that announces it.
  seq        INTEGER NOT NULL,
  CHECK ((purpose = 'log') = (name IS NOT NULL))
) STRICT;

-- Checkpoints that were signed: of each size one, for ever.
CREATE TABLE checkpoints (
  size      INTEGER PRIMARY KEY,
  root      BLOB    NOT NULL,
  key_n     INTEGER NOT NULL REFERENCES signing_keys (n),
  signature BLOB    NOT NULL,
  signed_at INTEGER NOT NULL
) STRICT;

-- What witnesses have said to checkpoints: a signature line for each (C2SP tlog-cosignature), to stand below the note.
CREATE TABLE cosignatures (
  size    INTEGER NOT NULL REFERENCES checkpoints (size),
  -- Its verifier key.
  witness TEXT    NOT NULL,
  line    TEXT    NOT NULL,
  at      INTEGER NOT NULL,
  PRIMARY KEY (size, witness)
) STRICT, WITHOUT ROWID;

-- The catalogue: what the console finds pauses by, and counts them by. It is made from the log behind the backs of those
-- who create and answer, and costs them nothing. `seq` is the last entry that it has taken in, `newest` the last pause.
CREATE TABLE catalogue (
  n      INTEGER PRIMARY KEY CHECK (n = 1),
  seq    INTEGER NOT NULL,
  newest INTEGER NOT NULL
) STRICT;

-- The words of messages and recipients by the pause's number; the words of what is erased go, in the very segments.
CREATE VIRTUAL TABLE pause_words USING fts5 (words, content = '', detail = none, prefix = '2 3 4', tokenize = 'ascii');
INSERT INTO pause_words (pause_words, rank) VALUES ('secure-delete', 1);

-- How many of what there were on each day (whole days since the epoch, UTC) in each world. `measure` is `asked`, `human`,
-- `default`, `timed_out`, `cancelled` or `undelivered`. `bucket` is 0, for `human` how long the answer took: 4 × log2 of
-- the seconds, rounded up.
CREATE TABLE daily_counts (
  day     INTEGER NOT NULL,
  world_n INTEGER NOT NULL,
  measure TEXT    NOT NULL,
  bucket  INTEGER NOT NULL,
  count   INTEGER NOT NULL,
  PRIMARY KEY (day, world_n, measure, bucket)
) STRICT, WITHOUT ROWID;

-- Written once, never again: also a slip in our own code is refused by the database.
CREATE TRIGGER audit_entries_are_final BEFORE UPDATE OF seq, world_n, pause_n, entry, leaf ON audit_entries
BEGIN SELECT RAISE(ABORT, 'an audit entry is final'); END;
CREATE TRIGGER audit_entries_stay BEFORE DELETE ON audit_entries
WHEN OLD.seq >= coalesce((SELECT first_seq FROM log_start), OLD.seq)
BEGIN SELECT RAISE(ABORT, 'an audit entry stays'); END;
CREATE TRIGGER log_start_moves_on BEFORE UPDATE ON log_start WHEN NEW.first_seq <= OLD.first_seq
BEGIN SELECT RAISE(ABORT, 'the start of the log only moves on'); END;
CREATE TRIGGER log_start_stays BEFORE DELETE ON log_start
BEGIN SELECT RAISE(ABORT, 'the start of the log stays'); END;
CREATE TRIGGER kept_entries_are_final BEFORE UPDATE OF seq, world_n, entry, path ON kept_entries
BEGIN SELECT RAISE(ABORT, 'a kept entry is final'); END;
CREATE TRIGGER kept_entries_stay BEFORE DELETE ON kept_entries
BEGIN SELECT RAISE(ABORT, 'a kept entry stays'); END;
CREATE TRIGGER disclosures_go_with_an_entry BEFORE UPDATE OF disclosed, erased_seq ON audit_entries
WHEN NEW.erased_seq IS NULL OR NEW.erased_seq <= OLD.seq
BEGIN SELECT RAISE(ABORT, 'a disclosure goes only with an entry that tells so'); END;
CREATE TRIGGER kept_disclosures_go_with_an_entry BEFORE UPDATE OF disclosed, erased_seq ON kept_entries
WHEN NEW.erased_seq IS NULL OR NEW.erased_seq <= OLD.seq
BEGIN SELECT RAISE(ABORT, 'a disclosure goes only with an entry that tells so'); END;
CREATE TRIGGER ended_pauses_are_final BEFORE UPDATE OF status ON pauses WHEN OLD.status <> 'pending'
BEGIN SELECT RAISE(ABORT, 'a pause ends once'); END;
CREATE TRIGGER checkpoints_are_final BEFORE UPDATE ON checkpoints
BEGIN SELECT RAISE(ABORT, 'a checkpoint is final'); END;
CREATE TRIGGER checkpoints_stay BEFORE DELETE ON checkpoints
BEGIN SELECT RAISE(ABORT, 'a checkpoint stays'); END;

-- The row says whose turn it is; null: the agent's, since the visit began, or nobody's when the run is over.
ALTER TABLE instances RENAME COLUMN waiting_for TO turn;
UPDATE instances SET turn = json_object(
    'of', 'person',
    'kind', iif(json_extract(turn, '$.kind') = 'model', 'model', 'visits'),
    'since', visit_started_at,
    'message', coalesce(json_extract(turn, '$.message'), 'for a person'))
  WHERE parent_id IS NULL AND status = 'SUSPENDED';
ALTER TABLE history ADD COLUMN turn TEXT;
ALTER TABLE starts ADD COLUMN turn TEXT;
-- What a person decided, or became of it (JSON).
ALTER TABLE history ADD COLUMN ruling TEXT;

-- What a person does not demand of the current visit (JSON; NULL: nothing).
ALTER TABLE instances ADD COLUMN waived TEXT;

-- When a run goes on without an agent or a person, and who may see to it: servers of that project, or any ('').
ALTER TABLE instances ADD COLUMN due_at TEXT;
ALTER TABLE instances ADD COLUMN due_for TEXT;
CREATE INDEX instances_due ON instances (due_for, due_at) WHERE due_at IS NOT NULL;

-- What the agent decided on the user's behalf (JSON; NULL: nothing), and whether the user cannot be asked, which is known
-- from the start. No row is rewritten; as the tables are STRICT, SQLite reads through them once for each column.
ALTER TABLE instances ADD COLUMN assumptions TEXT;
ALTER TABLE instances ADD COLUMN unattended INTEGER NOT NULL DEFAULT 0;
ALTER TABLE starts ADD COLUMN unattended INTEGER NOT NULL DEFAULT 0;

-- The one PIN (an argon2id hash), how many wrong guesses there were since the last right one, and when the last was counted.
CREATE TABLE pin (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  hash TEXT NOT NULL,
  wrong INTEGER NOT NULL DEFAULT 0,
  guessed_at TEXT
) STRICT;

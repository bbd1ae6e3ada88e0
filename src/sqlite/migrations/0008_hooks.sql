-- What hooks of clients refused: a stop once a visit, and edits where the step may change nothing. Apart from the history, which
-- reports alone move.
CREATE TABLE held (
  instance_id TEXT NOT NULL REFERENCES instances (instance_id) ON DELETE CASCADE,
  visit INTEGER NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('stop', 'edit')),
  step_name TEXT NOT NULL,
  client TEXT NOT NULL,
  path TEXT,
  held_at TEXT NOT NULL
) STRICT;
CREATE INDEX held_of_run ON held (instance_id);
CREATE UNIQUE INDEX stops_held_once ON held (instance_id, visit) WHERE kind = 'stop';

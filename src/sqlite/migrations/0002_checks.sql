-- Whether the instance's definition came from where checks may run: the executable, or a directory that a person named.
ALTER TABLE instances ADD COLUMN trusted INTEGER NOT NULL DEFAULT 0 CHECK (trusted IN (0, 1));

-- What git showed when the current visit was first handed out, for its `changed` checks.
ALTER TABLE instances ADD COLUMN baseline TEXT;

-- The attempt at the checks of an instance's current visit: at most one, whichever process makes it. The one that runs says
-- again and again that it is alive; a finished one waits until its result is asked for.
CREATE TABLE attempts (
  instance_id TEXT NOT NULL PRIMARY KEY REFERENCES instances (instance_id) ON DELETE CASCADE,
  attempt_id TEXT NOT NULL,
  visit INTEGER NOT NULL,
  definition TEXT NOT NULL,
  started_at TEXT NOT NULL,
  alive_until TEXT NOT NULL,
  evidence TEXT
) STRICT;

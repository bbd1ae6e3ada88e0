-- Reports that were refused: apart from the history, because they changed nothing. At most 100 a visit.
CREATE TABLE refused (
  instance_id TEXT NOT NULL REFERENCES instances (instance_id) ON DELETE CASCADE,
  visit INTEGER NOT NULL,
  step_name TEXT NOT NULL,
  code TEXT NOT NULL,
  reason TEXT NOT NULL,
  refused_at TEXT NOT NULL
) STRICT;
CREATE INDEX refused_of_visit ON refused (instance_id, visit);

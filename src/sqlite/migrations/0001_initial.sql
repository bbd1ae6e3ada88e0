-- Definitions that instances are pinned to, by the hash of their content, each stored once.
CREATE TABLE definitions (
  hash TEXT NOT NULL PRIMARY KEY,
  workflow_name TEXT NOT NULL,
  body TEXT NOT NULL,
  created_at TEXT NOT NULL
) STRICT;

-- The row of an instance: all that a call needs. Its history says the same at length.
CREATE TABLE instances (
  instance_id TEXT NOT NULL PRIMARY KEY,
  version INTEGER NOT NULL,
  workflow_name TEXT NOT NULL,
  definition TEXT NOT NULL REFERENCES definitions (hash),
  project TEXT NOT NULL,
  parent_id TEXT REFERENCES instances (instance_id),
  status TEXT NOT NULL CHECK (status IN ('RUNNING', 'SUSPENDED', 'COMPLETED', 'FAILED', 'CANCELLED')),
  waiting_for TEXT,
  step_name TEXT NOT NULL,
  visit INTEGER NOT NULL,
  visit_started_at TEXT NOT NULL,
  visits TEXT NOT NULL,
  notes INTEGER NOT NULL,
  pending TEXT,
  last_seq INTEGER NOT NULL,
  last_report_at TEXT,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  completed_at TEXT,
  context TEXT NOT NULL
) STRICT;

CREATE INDEX instances_by_time ON instances (created_at, instance_id);
CREATE INDEX instances_by_project ON instances (project, created_at, instance_id);
CREATE INDEX instances_by_status ON instances (project, status, created_at, instance_id);
CREATE INDEX instances_by_workflow ON instances (project, workflow_name, created_at, instance_id);
CREATE INDEX instances_by_parent ON instances (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX instances_live ON instances (project, created_at, instance_id)
  WHERE status IN ('RUNNING', 'SUSPENDED');
CREATE INDEX instances_live_of_workflow ON instances (project, workflow_name, created_at, instance_id)
  WHERE status IN ('RUNNING', 'SUSPENDED');

-- How each instance began; written once. The project stands here too, so that a request_id is unique in it.
CREATE TABLE starts (
  instance_id TEXT NOT NULL PRIMARY KEY REFERENCES instances (instance_id) ON DELETE CASCADE,
  project TEXT NOT NULL,
  request_id TEXT,
  definition TEXT NOT NULL,
  first_step TEXT NOT NULL,
  actor TEXT NOT NULL,
  started_at TEXT NOT NULL,
  context TEXT NOT NULL
) STRICT;

CREATE UNIQUE INDEX starts_by_request ON starts (project, request_id) WHERE request_id IS NOT NULL;

-- Append-only, and written so: entries of all instances lie in the order of their writing, behind one narrow index, which
-- touches a third of the pages that a table ordered by its key would. Along seq, visit never goes down: the entry of a
-- visit is found by halving, without an index of its own.
CREATE TABLE history (
  instance_id TEXT NOT NULL REFERENCES instances (instance_id) ON DELETE CASCADE,
  seq INTEGER NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('visit', 'note', 'resume', 'rewind', 'approval', 'move')),
  visit INTEGER NOT NULL,
  step_id TEXT NOT NULL,
  step_name TEXT NOT NULL,
  report TEXT,
  context_patch TEXT NOT NULL,
  decision TEXT,
  evidence TEXT,
  actor TEXT NOT NULL,
  definition TEXT NOT NULL,
  started_at TEXT NOT NULL,
  ended_at TEXT NOT NULL,
  PRIMARY KEY (instance_id, seq)
) STRICT;

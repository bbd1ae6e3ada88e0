-- A branch is an instance that another one (parent_id) began at a branch step. What it is (JSON: of which visit, its number, its
-- item, the root…) is written once; when somebody took it up is not a part of that. No row is rewritten.
ALTER TABLE instances ADD COLUMN branch TEXT;
ALTER TABLE instances ADD COLUMN taken_at TEXT;

-- The branches of a visit, by number, and those that are not final; a number is begun once. Then those of a whole tree.
DROP INDEX instances_by_parent;
CREATE UNIQUE INDEX branches_of_visit ON instances (parent_id, branch ->> '$.visit', branch ->> '$.number')
  WHERE parent_id IS NOT NULL;
CREATE INDEX open_branches_of_visit ON instances (parent_id, branch ->> '$.visit', branch ->> '$.number')
  WHERE parent_id IS NOT NULL AND status IN ('RUNNING', 'SUSPENDED');
CREATE INDEX branches_of_tree ON instances (branch ->> '$.root_id', status, parent_id) WHERE parent_id IS NOT NULL;

-- What those of roots are for lists of roots, these are for lists of branches.
CREATE INDEX branches ON instances (status, created_at, instance_id) WHERE parent_id IS NOT NULL;
CREATE INDEX branches_of_workflow ON instances (workflow_name, status, created_at, instance_id) WHERE parent_id IS NOT NULL;
CREATE INDEX branches_of_project ON instances (project, status, created_at, instance_id) WHERE parent_id IS NOT NULL;
CREATE INDEX branches_of_both ON instances (project, workflow_name, status, created_at, instance_id)
  WHERE parent_id IS NOT NULL;

-- What the branches of a visit are for (JSON), written once, when the visit is entered: some in a row, by the
-- number of the first. Number 0 holds none and says that it was.
CREATE TABLE branch_items (
  instance_id TEXT NOT NULL REFERENCES instances (instance_id) ON DELETE CASCADE,
  visit INTEGER NOT NULL,
  number INTEGER NOT NULL,
  items TEXT NOT NULL,
  PRIMARY KEY (instance_id, visit, number)
) STRICT, WITHOUT ROWID;

-- A list asks for some statuses, of a project and of a workflow or of all, newest first. Each of these four indexes has the
-- rows of one status in that order, so that a list reads as many entries as it shows for each status, however many there are.
-- They hold roots alone: runs that another run started are found through it.
DROP INDEX instances_by_time;
DROP INDEX instances_by_project;
DROP INDEX instances_by_status;
DROP INDEX instances_by_workflow;
DROP INDEX instances_live;
DROP INDEX instances_live_of_workflow;

CREATE INDEX roots ON instances (status, created_at, instance_id) WHERE parent_id IS NULL;
CREATE INDEX roots_of_workflow ON instances (workflow_name, status, created_at, instance_id) WHERE parent_id IS NULL;
CREATE INDEX roots_of_project ON instances (project, status, created_at, instance_id) WHERE parent_id IS NULL;
CREATE INDEX roots_of_both ON instances (project, workflow_name, status, created_at, instance_id) WHERE parent_id IS NULL;

-- For people who look at many runs. Each of these holds few rows: what waits for a person (not what is paused, which anybody
-- resumes), of all projects and of one, and forks by the run that they came from.
CREATE INDEX asking ON instances (turn ->> '$.since', instance_id)
  WHERE status = 'SUSPENDED' AND turn ->> '$.kind' NOT IN ('paused', 'model');
CREATE INDEX asking_of_project ON instances (project, turn ->> '$.since', instance_id)
  WHERE status = 'SUSPENDED' AND turn ->> '$.kind' NOT IN ('paused', 'model');
CREATE INDEX forks ON instances (forked_from ->> '$.instance_id', created_at, instance_id) WHERE forked_from IS NOT NULL;

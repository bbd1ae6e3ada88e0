/**
 * What every client is told at the handshake; the model reads it once. Under 2 kB, since clients cut it there; some show the
 * first line only, which therefore says when to start and when to resume.
 */
export const INSTRUCTIONS = `Workflow Orchestrator: for "use the orchestrator's workflow X" call start_workflow; after compaction, a restart or when unsure call resume_workflow {} first. (Not the client's own workflow tool.)

It leads you through a workflow one step at a time and keeps its state on disk. Loop: list_workflows → start_workflow → do the step → advance_workflow with an honest report → do the step it returns → … until COMPLETED, FAILED or CANCELLED.

- After compaction, a restart, or when you are unsure what is current: call resume_workflow with {} before anything else, and before starting a workflow again.
- Do only the step you were given. Do not guess later steps, merge steps, or stop before COMPLETED; the next step comes from the server.
- Report what happened, with evidence. A failure is a normal report with its own path; a false success is the worst outcome.
- Were you given one branch? Resume it by its id, never with {}; stop when it has ended.
- Copy instance_id and step_id exactly. Set the context keys the step names.
- SUSPENDED means a person must act: tell the user, stop, do not poll.
- Errors say what to call next.`;

/** What is shown while there is no run: how to begin. */

export function FirstSteps() {
  return (
    <section class="card" aria-labelledby="begin">
      <h2 id="begin">No run yet</h2>
      <p>A run begins when an agent is asked to work by a workflow. To get there:</p>
      <ol class="steps">
        <li>
          In your project, tell your agents of the orchestrator: <Copied id="begin-init" words="orchestrator init" />
        </li>
        <li>Start the agent there, anew if it was running.</li>
        <li>
          Say to it:{" "}
          <Copied
            id="begin-say"
            words="Use the orchestrator's workflow REFACTOR_WITH_TESTS to rename the function parse to read."
          />
        </li>
      </ol>
      <p class="muted">
        This page shows the run as soon as it begins. What there is to choose from: <a href="/workflows">workflows</a>.
        To see one at work without an agent: <code>orchestrator demo</code>.
      </p>
    </section>
  );
}

function Copied({ id, words }: { id: string; words: string }) {
  return (
    <span class="copied">
      <code id={id}>{words}</code>
      <button type="button" class="scripted tiny" data-copy={id}>
        Copy
      </button>
    </span>
  );
}

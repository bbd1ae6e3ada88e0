/** What a person does to a run, each with the dialog that says what will happen. */
import type { Instance } from "../instance.ts";
import { ActionDialog } from "./dialogs.tsx";
import type { View } from "./view.ts";

/** Ids of the dialogs, for the buttons that open them. */
export const DIALOGS = { cancel: "cancel", rewind: "rewind", fork: "fork", release: "release", waive: "waive" };

export function RunDialogs({ view, instance }: { view: View; instance: Instance }) {
  const { instance_id, turn } = instance;
  const actions = `/api/runs/${encodeURIComponent(instance_id)}`;
  const open = turn?.branches ? " Its open branches are cancelled with it." : "";
  return (
    <>
      <ActionDialog
        view={view}
        id={DIALOGS.fork}
        title="Fork the run"
        action={`${actions}/fork`}
        send="Fork"
        then="/runs/{instance_id}"
      >
        <p>
          A new run begins at <b data-said>the visit</b>, with the context of that moment. This run stays as it is, and
          the project's files are not touched.
        </p>
      </ActionDialog>
      {turn !== null && (
        <>
          <ActionDialog
            view={view}
            id={DIALOGS.cancel}
            title="Cancel the run"
            action={`${actions}/cancel`}
            send="Cancel the run"
            danger
            words={{ name: "reason", label: "Reason" }}
          >
            <p>The run ends for good, and its agent is told so at its next call.{open}</p>
          </ActionDialog>
          <ActionDialog
            view={view}
            id={DIALOGS.rewind}
            title="Rewind the run"
            action={`${actions}/rewind`}
            send="Rewind"
            danger
            words={{ name: "reason", label: "Reason" }}
          >
            <p>
              The run goes back to <b data-said>the visit</b>: its step is handed out again, with the context of that
              moment. The history keeps all that came after; the project's files are not touched.{open}
            </p>
          </ActionDialog>
          <ActionDialog
            view={view}
            id={DIALOGS.release}
            title="Release the run"
            action={`${actions}/release`}
            send="Release"
          >
            <p>{RELEASE[turn.kind] ?? "The run goes on from where it waits."}</p>
          </ActionDialog>
          <ActionDialog
            view={view}
            id={DIALOGS.waive}
            title="Waive a demand"
            action={`${actions}/waive`}
            send="Waive it once"
            danger
            words={{ name: "reason", label: "Reason", required: true }}
          >
            <p>
              The report of this visit need not prove <b data-said>it</b>, once. The history says so, with your reason.
            </p>
          </ActionDialog>
        </>
      )}
    </>
  );
}

const RELEASE: Record<string, string> = {
  visits: "The step was visited as often as the workflow allows. The run goes on with one visit more.",
  deadline: "The step's time is over. The run goes on with that step, and its time begins anew.",
  denied: "A person said no. The run asks for approval again.",
};

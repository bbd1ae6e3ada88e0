/** Runs as agents made them, with texts as long as agents write them, and what their answers cost. */
import { join } from "node:path";
import type { Caller } from "./calls.ts";
import type { Told } from "./client.ts";
import { filledIn } from "./shipped-scenarios.ts";

const DIR = join(import.meta.dir, "../recorded");

/** The workflows of recorded runs that are not shipped. */
export const RECORDED_WORKFLOWS = join(DIR, "workflows");

interface Said {
  status?: string;
  details: string;
  error?: string;
  updates: object;
}

/** What is reported at each visit of a step, in order; the last one again at further visits. */
interface Script {
  workflow_name: string;
  context: object;
  said: Record<string, Said[]>;
}

interface Call {
  tool: string;
  arguments: Record<string, unknown>;
}

/** Bytes of an answer as clients count it that hand on one of its forms alone. */
export interface Cost {
  structured: number;
  text: number;
}

export function costOf({ text, data }: Told): Cost {
  return { structured: Buffer.byteLength(JSON.stringify(data)), text: Buffer.byteLength(text) };
}

export function sumOf(answers: Told[]): Cost {
  const costs = answers.map(costOf);
  const of = (form: keyof Cost) => costs.reduce((total, cost) => total + cost[form], 0);
  return { structured: of("structured"), text: of("text") };
}

/** Makes the recorded calls again. Fails if one is refused. */
export async function replay(on: Caller, recording: string): Promise<Told[]> {
  const { calls }: { calls: Call[] } = await read(recording);
  const answers: Told[] = [];
  let run = "";
  for (const call of calls) {
    const told = await on.call(call.tool, JSON.parse(JSON.stringify(call.arguments).replaceAll("$RUN", run)));
    if (told.isError) throw new Error(told.text);
    run = told.data.instance_id ?? run;
    answers.push(told);
  }
  return answers;
}

/** Lists, starts and reports, until the run ends or after so many reports. Fails if a call is refused. */
export async function walk(on: Caller, recording: string, reports = 50): Promise<Told[]> {
  const { said, ...start }: Script = await read(recording);
  const answers = [await on.call("list_workflows"), await on.call("start_workflow", start)];
  const seen: Record<string, number> = {};
  for (let made = 0; ; made++) {
    const last = answers.at(-1);
    if (!last || last.isError) throw new Error(last?.text);
    if (made === reports || last.data.status !== "RUNNING") return answers;
    const { step_name } = last.data.next_step;
    seen[step_name] = (seen[step_name] ?? 0) + 1;
    const says = said[step_name]?.[seen[step_name] - 1] ?? said[step_name]?.at(-1);
    answers.push(await on.call("advance_workflow", reportOf(last, says)));
  }
}

/** The call that the answer asks for; what the script does not know is filled in. */
function reportOf({ data }: Told, { updates, ...report }: Said = { details: "Done as the step says.", updates: {} }) {
  const asked = filledIn(data.report_with.arguments.context_updates);
  return {
    instance_id: data.instance_id,
    report: { step_id: data.next_step.step_id, status: "success", ...report },
    context_updates: { ...asked, ...updates },
  };
}

function read(recording: string) {
  return Bun.file(join(DIR, `${recording}.json`)).json();
}

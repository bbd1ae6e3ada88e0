/** Runs parsed templates. A place that fails stays as it was written; one that is too much work ends there. */
import type { Context, Emitter, Template } from "liquidjs";
import { oneLine } from "../words.ts";
import { createMeter, type Meter, TooMuchWork } from "../work/meter.ts";
import { filterCost, operatorCost } from "./cost.ts";
import { type Language, lineOf, type Runner, reasonOf } from "./language.ts";
import type { Parsed } from "./parse.ts";
import type { Loop, Piece } from "./pieces.ts";

/** Work that a whole text may take, some 0.1 s, and what is left to each place of it when that is used up. */
const TEXT_UNITS = 2_000_000;
const LEAST_UNITS = 1_000;
/** Units for each piece that is printed and each tag that is obeyed. */
const TEMPLATE_UNITS = 30;
/** Faults that an answer names, and the most characters of one's place and reason. */
const MAX_FAULTS = 5;
const MAX_PLACE = 100;
const MAX_REASON = 200;

const LOOPS: unknown[] = ["for", "tablerow"];
const PRINTING: unknown[] = ["echo", "cycle", "increment", "decrement"];

export interface Printed {
  pieces: Piece[];
  faults: string[];
}

/** What is being run; rendering is synchronous. */
interface Job extends Parsed {
  meter: Meter;
  /** By the place that failed: in a loop it may fail often. */
  faults_at: Map<Template, string>;
  sizes: WeakMap<object, number>;
  /** JSON of values that were printed. */
  json: WeakMap<object, string>;
}

let job: Job | undefined;

export const RUNNER: Runner = {
  renderTemplates,
  takeFilter: (name, values) => job?.meter.take(filterCost(name, values, job.sizes)),
  takeOperator: (name, values) => job?.meter.take(operatorCost(name, values, job.sizes)),
};

/** Prints the templates with the values that they can name. Each place at the top level has the work that is left. */
export function print(parsed: Parsed, values: object, { library, liquid }: Language): Printed {
  const emitter = new PieceEmitter();
  const own: Job = {
    ...parsed,
    meter: createMeter(TEXT_UNITS),
    faults_at: new Map(),
    sizes: new WeakMap(),
    json: new WeakMap(),
  };
  let context = new library.Context(values, liquid.options, { sync: true }, { liquid });
  let left = TEXT_UNITS;
  job = own;
  try {
    for (const template of parsed.templates) {
      own.meter = createMeter(Math.max(LEAST_UNITS, left));
      const mark = emitter.pieces.length;
      try {
        library.toValueSync(renderTemplates([template], context, emitter));
      } catch (error) {
        if (!(error instanceof TooMuchWork)) throw error;
        emitter.leaveAll();
        fail({ template, error, emitter, mark });
        const { memoryLimit, renderLimit } = context;
        const next = new library.Context(values, liquid.options, { sync: true }, { liquid, memoryLimit, renderLimit });
        Object.assign(next.bottom(), context.bottom()); // what was assigned, without the scopes of open loops
        context = next;
      }
      left -= own.meter.used();
    }
  } finally {
    job = undefined;
  }
  return { pieces: emitter.pieces, faults: faultsOf(own) };
}

/** In place of LiquidJS's own, which ends the whole text at the first fault. */
function* renderTemplates(templates: Template[], context: Context, given?: Emitter): IterableIterator<unknown> {
  const emitter = given instanceof PieceEmitter ? given : new TextEmitter(context);
  const { at } = emitter;
  takeTurn(context); // a loop may have no body
  for (const template of templates) {
    takeTurn(context);
    const mark = emitter.pieces.length;
    emitter.enter(template);
    try {
      const printed: unknown = yield template.render(context, emitter);
      if (printed !== undefined && printed !== null) emitter.write(printed);
    } catch (error) {
      if (error instanceof TooMuchWork) throw error;
      emitter.leave(template, at);
      fail({ template, error, emitter, mark });
    }
    emitter.leave(template, at);
    if (context.breakCalled || context.continueCalled) break;
  }
  return given ? "" : emitter.buffer;
}

function takeTurn({ renderLimit }: Context): void {
  job?.meter.take(TEMPLATE_UNITS);
  try {
    renderLimit.check(performance.now());
  } catch {
    throw new TooMuchWork();
  }
}

/** Leaves the place as it was written, and notes why. */
function fail(what: { template: Template; error: unknown; emitter: PieceEmitter; mark: number }): void {
  const { template, error, emitter, mark } = what;
  emitter.pieces.length = mark;
  if (!job) return;
  emitter.pieces.push({ text: job.written(template), loop: emitter.loop });
  // The library's own limit of memory has no code.
  const reason = reasonOf(error).replace(/^memory alloc limit exceeded$/, "too much work");
  if (!job.faults_at.has(template)) job.faults_at.set(template, oneLine(reason, MAX_REASON));
}

function faultsOf({ faults_at }: Job): string[] {
  const all = [...faults_at].map(
    ([{ token }, reason]) =>
      `line ${lineOf(token)} of the instructions, ${oneLine(token.getText(), MAX_PLACE)}: ${reason}`,
  );
  const more = all.length - MAX_FAULTS;
  return more > 0 ? [...all.slice(0, MAX_FAULTS), `and ${more} more`] : all;
}

/** Texts as they are, other values as JSON, nothing for one that is unset. */
function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (value === undefined || value === null) return "";
  if (typeof value !== "object") return String(value);
  const known = job?.json.get(value);
  if (known !== undefined) return known;
  const text = JSON.stringify(value);
  job?.meter.take(text.length >> 4);
  job?.json.set(value, text);
  return text;
}

/** Keeps what is printed in pieces, each with the place that printed it. */
class PieceEmitter implements Emitter {
  readonly pieces: Piece[] = [];
  at: Template | undefined;
  loop: Loop | undefined;
  private loopAt: Template | undefined;

  /** All of it as one text: what a block between two tags is taken for. */
  get buffer(): string {
    return this.pieces.map(({ text }) => text).join("");
  }

  enter(template: Template): void {
    this.at = template;
    if (this.loop || !LOOPS.includes(nameOf(template))) return;
    this.loop = { written: job?.written(template) ?? "" };
    this.loopAt = template;
  }

  leave(template: Template, before: Template | undefined): void {
    this.at = before;
    if (this.loopAt === template) this.leaveAll();
  }

  leaveAll(): void {
    this.loop = undefined;
    this.loopAt = undefined;
  }

  write(value: unknown): void {
    const text = textOf(value);
    if (text === "") return;
    const isValue = this.at && (PRINTING.includes(nameOf(this.at)) || this.at.token.getText().startsWith("{{"));
    this.pieces.push({ text, loop: this.loop, ...(isValue ? { written: this.at?.token.getText() ?? "" } : {}) });
  }
}

/** Keeps what {% capture %} takes as one text, within the limit of memory. */
class TextEmitter extends PieceEmitter {
  private readonly limit: Context["memoryLimit"];

  constructor({ memoryLimit }: Context) {
    super();
    this.limit = memoryLimit;
  }

  override write(value: unknown): void {
    super.write(value);
    this.limit.use(this.pieces.at(-1)?.text.length ?? 0);
  }
}

function nameOf(template: Template): unknown {
  return "name" in template ? template.name : undefined;
}

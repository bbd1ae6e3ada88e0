/** Templates of `template: liquid`, by LiquidJS, which this room alone knows. */
import { type Filled, MAX_FILLED, type TemplateFault, type TemplateRenderer } from "../template.ts";
import { type Language, loadLanguage, reasonOf } from "./language.ts";
import { type Parsed, parseTemplate, unknownNames } from "./parse.ts";
import { textWithin } from "./pieces.ts";
import { type Printed, print, RUNNER } from "./run.ts";

/** Loads nothing before the first template comes. */
export function createLiquidRenderer(): TemplateRenderer {
  const parsed = new WeakMap<object, Parsed>();
  let loaded: Language | undefined;
  const language = () => (loaded ??= loadLanguage(RUNNER));

  function parse(step: { instructions: string }): Parsed {
    const known = parsed.get(step) ?? parseTemplate(step.instructions, language());
    parsed.set(step, known);
    return known;
  }

  /** A template that a newer version does not understand any more is handed out as it was written. */
  function printStep(step: { instructions: string }, values: object): Printed {
    const pieces = [{ text: step.instructions }];
    try {
      const known = parse(step);
      if (known.faults.length > 0) return { pieces, faults: known.faults.map(wordFault) };
      return print(known, { ...values }, language());
    } catch (error) {
      return { pieces, faults: [`the instructions could not be filled in: ${reasonOf(error)}`] };
    }
  }

  return {
    faults(text) {
      const read = parseTemplate(text, language());
      return read.faults.length > 0 ? read.faults : unknownNames(read, language());
    },
    filler(step, values) {
      let printed: Printed | undefined;
      return (mostBytes = MAX_FILLED): Filled => {
        printed ??= printStep(step, values);
        return { text: textWithin(printed.pieces, mostBytes), faults: printed.faults };
      };
    },
  };
}

function wordFault({ line, message }: TemplateFault): string {
  return `line ${line} of the instructions: ${message}`;
}

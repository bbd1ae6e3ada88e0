/** What a tool answers, before a protocol wraps it. */

/** Two forms of the same answer, each enough alone: clients differ in which one they show the model. */
export interface Answer {
  text: string;
  structured: Record<string, unknown>;
}

/** What a fuzz has to complain of; the first ones in full. */

const MOST = 20;
const LONGEST = 1_000;

export interface Findings {
  say(what: string, about?: unknown): void;
  all(): string[];
}

export function createFindings(): Findings {
  const found: string[] = [];
  let more = 0;
  return {
    say(what, about) {
      if (found.length >= MOST) more += 1;
      else found.push(about === undefined ? what : `${what}: ${shown(about)}`);
    },
    all: () => (more > 0 ? [...found, `and ${more} more`] : [...found]),
  };
}

function shown(about: unknown): string {
  const text = Buffer.isBuffer(about) ? JSON.stringify(about.toString()) : (JSON.stringify(about) ?? String(about));
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}… (${text.length})` : text;
}

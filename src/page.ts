/** What the page for people is to the server that lets them in. */

/** Who was let in. */
export interface Visitor {
  /** Another one for each session; all who send the server's token are one. */
  session: string;
  /** What let them in: a link, which only a person on this machine sees, or the server's token, which agents hold too. */
  by: "link" | "token";
  /** Of a POST under /api: the body, as JSON. */
  body?: unknown;
}

/** Why somebody is not let in. */
export interface Door {
  /** `spent`: the link was opened before. `wrong`: what was typed is not the token. */
  why: "unknown" | "spent" | "wrong";
  /** Whether the server's token can be typed. */
  asksToken: boolean;
  /** The path that they asked for. */
  to: string;
}

/** A page, and the JSON under /api. Every method answers; none rejects for what a request says. */
export interface Page {
  /** For anybody: a style sheet or a script. */
  asset(path: string): Promise<Response | null>;
  /** What they see instead, as HTML. */
  door(door: Door): Promise<Response>;
  /** A path of the page or of /api, for somebody who was let in. */
  fetch(request: Request, visitor: Visitor): Promise<Response>;
  /** Closes the streams that are open, and opens no more. */
  end(): void;
}

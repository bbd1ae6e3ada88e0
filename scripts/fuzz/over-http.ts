/** Odd messages over HTTP, by several connections at once, of which two share a session. */

import type { Drive } from "./drive.ts";
import { type Expected, expectedOf, type Key, keyOf, member, NOBODY, runIn, wrongShape } from "./expected.ts";
import { oddRequest } from "./http-request.ts";
import { oddMessage } from "./message.ts";
import { type Connection, openConnection, type Reply } from "./raw-http.ts";
import { INITIALIZE } from "./valid.ts";

const SESSIONS = 8;
/** How long one answer may take, in milliseconds. */
const ANSWER_MS = 10_000;

interface Shared {
  id: string;
  /** Requests that are open, by id; two of one id get in each other's way. */
  open: Map<Key, Flight[]>;
}

interface Flight {
  expected: Expected;
  /** Whether it may stay without an answer of its own. */
  excused: boolean;
}

export async function driveHttp(port: number, drive: Drive): Promise<void> {
  let next = drive.from;
  const end = drive.from + drive.count;

  async function work(session: Shared): Promise<void> {
    const connection = openConnection(port);
    while (next < end && drive.findings.all().length === 0) {
      const n = next++;
      await sendOne(drive, { connection, session, n, port });
      drive.done(n + 1 - drive.from);
    }
    connection.close();
  }

  const sessions = await Promise.all(Array.from({ length: SESSIONS }, () => begin(drive, port)));
  await Promise.all([...sessions, ...sessions].map(work));
  const began = performance.now();
  await begin(drive, port);
  const ms = Math.round(performance.now() - began);
  if (ms > 1_000) drive.findings.say(`after all messages a plain request took ${ms} ms`);
}

async function begin({ findings, parts }: Drive, port: number): Promise<Shared> {
  const session = { id: "none", open: new Map() };
  if (parts.era === "sessionless") return session;
  const connection = openConnection(port);
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params: INITIALIZE });
  const reply = await connection.exchange([Buffer.from(post(body))], { ms: ANSWER_MS });
  connection.close();
  if (reply?.status !== 200) findings.say("a session could not be begun", reply);
  return { ...session, id: reply?.headers.get("mcp-session-id") ?? "none" };
}

function post(body: string): string {
  const head = "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nAccept: */*";
  return `${head}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

interface Sending {
  connection: Connection;
  session: Shared;
  n: number;
  port: number;
}

async function sendOne(drive: Drive, { connection, session, n, port }: Sending): Promise<void> {
  const odd = oddMessage(drive.parts, n);
  const { pieces, kind } = oddRequest(odd, { era: drive.parts.era, session: session.id });
  const expected = expectedOf(new TextDecoder().decode(odd.bytes));
  if (kind === "left") {
    drive.abandoned(expected.tool);
    await connection.exchange(pieces, { ms: 3 });
    return connection.close();
  }
  const flight: Flight = { expected, excused: false };
  const land = takeOff(session, flight);
  const reply = await connection.exchange(pieces, {
    ms: ANSWER_MS,
    enough: (body) => isOpenForGood({ kind, staysOpen: expected.staysOpen }, body),
  });
  land();
  if (kind !== "message") connection.close(); // what the server did not read would be a request of its own
  const wrong = reply ? wrongReply(reply, { kind, flight }) : whyLate(flight);
  if (wrong)
    drive.findings.say(`message ${n}, ${wrong}`, { request: Buffer.concat(pieces).toString().slice(0, 1_000), reply });
  const answers = reply ? answersIn(reply) : [];
  if (answers.length === 0) drive.abandoned(expected.tool);
  for (const answer of answers) {
    const run = runIn(answer);
    if (run !== null) drive.changed(run, expected.tool);
  }
  const made = reply?.headers.get("mcp-session-id");
  if (made && made !== session.id) await endSession(port, made);
}

/** Returns what says that it is over. */
function takeOff({ open }: Shared, flight: Flight): () => void {
  const { key, cancels } = flight.expected;
  if (cancels !== undefined) for (const each of open.get(cancels) ?? []) each.excused = true;
  if (key === null || key === NOBODY) return () => {};
  const others = open.get(key) ?? [];
  if (others.length > 0) for (const each of [flight, ...others]) each.excused = true;
  open.set(key, [...others, flight]);
  return () => {
    const left = (open.get(key) ?? []).filter((each) => each !== flight);
    if (left.length > 0) open.set(key, left);
    else open.delete(key);
  };
}

/** A subscription that was acknowledged, or a stream of news that a GET opened. */
function isOpenForGood({ kind, staysOpen }: { kind: string; staysOpen: boolean | undefined }, body: string): boolean {
  return kind === "broken" || (staysOpen === true && body.includes("subscriptions/acknowledged"));
}

function whyLate({ excused }: Flight): string | null {
  return excused ? "it was cancelled, and its stream stays open" : "no answer came";
}

function wrongReply(
  reply: Reply,
  { kind, flight: { expected, excused } }: { kind: string; flight: Flight },
): string | null {
  const { status } = reply;
  if (kind === "broken") return status >= 500 ? "a broken request is a fault of the server" : null;
  if (status >= 500) return "a fault of the server";
  if (expected.staysOpen && !reply.whole) return null;
  if (kind === "refused" && reply.body === "" && (status === 0 || status >= 400)) return null;
  if (!reply.whole || status === 0) return "the answer is cut off";
  const answers = answersIn(reply);
  const wrong = answers.map((each) => wrongShape(each, expected.sessionless)).find((each) => each !== null);
  if (wrong) return wrong;
  const keys = answers.map((each) => keyOf(member(each, "id")));
  if (excused && (keys.length === 0 || keys[0] === NOBODY)) return null;
  if (expected.key === null && keys.length === 0) return status === 202 && reply.body === "" ? null : "no 202";
  if (keys.length !== 1) return `it has ${keys.length} answers`;
  const [key] = keys;
  if (expected.key === null || expected.key === NOBODY || (kind === "refused" && key !== expected.key)) {
    return key === NOBODY && status >= 400 ? null : `an answer to ${key}`;
  }
  return key === expected.key ? null : `an answer to ${key}, not to ${expected.key}`;
}

/** The messages with an id. */
function answersIn({ headers, body }: Reply): object[] {
  const texts = headers.get("content-type")?.startsWith("text/event-stream")
    ? [...body.matchAll(/^data: (.+)$/gm)].map(([, data = ""]) => data)
    : [body].filter((text) => text !== "");
  return texts.map(asObject).filter((message) => member(message, "method") === undefined);
}

function asObject(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : { value };
  } catch {
    return { text };
  }
}

async function endSession(port: number, id: string): Promise<void> {
  const connection = openConnection(port);
  const text = `DELETE /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nMcp-Session-Id: ${id}\r\n\r\n`;
  await connection.exchange([Buffer.from(text)], { ms: ANSWER_MS });
  connection.close();
}

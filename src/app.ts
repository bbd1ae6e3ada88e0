/** The composition root: from settings to an engine with its parts, and their end. */

import { existsSync, realpathSync } from "node:fs";
import { customAlphabet } from "nanoid";
import packageJson from "../package.json" with { type: "json" };
import type { Exhibits } from "./approval.ts";
import { PATIENCE, type Patience } from "./attempt.ts";
import { createChecker } from "./checks/checker.ts";
import { createKeptFiles } from "./checks/kept-files.ts";
import { createNotifier } from "./checks/notifier.ts";
import type { Permission } from "./checks/permission.ts";
import { createRunFiles } from "./checks/run-files.ts";
import { shownFile } from "./checks/shown-file.ts";
import { joinCommand } from "./command-words.ts";
import { type Config, dropForeignSettings, type Place } from "./config.ts";
import type { Decider } from "./decider.ts";
import { createAttempts } from "./engine/attempts.ts";
import { createEngine, type Engine } from "./engine/engine.ts";
import { createGitProjectProbe } from "./git/project-probe.ts";
import { createRunChanges } from "./git/run-changes.ts";
import { gitChangeProbe } from "./git/work-tree.ts";
import { isLoopback } from "./http/guards.ts";
import { createLazyPage } from "./http/lazy-page.ts";
import type { Listening } from "./http/serve.ts";
import { FAR_FILES, withoutPaths } from "./http/without-paths.ts";
import { createLiquidRenderer } from "./liquid/liquid-renderer.ts";
import { createLog, type Log } from "./log.ts";
import type { LibraryOptions } from "./markdown/library.ts";
import { createChanges } from "./mcp/changes.ts";
import { createElicit } from "./mcp/elicit/elicit.ts";
import { createMcpServer, type McpServer } from "./mcp/server.ts";
import { createSessionless, type Sessionless } from "./mcp/sessionless.ts";
import { createModelDecider } from "./openai/model-decider.ts";
import type { PinKeeper } from "./pin.ts";
import { createCelReckoner } from "./routes/cel-reckoner.ts";
import { checkExpression, namesApproval } from "./routes/expression.ts";
import { createRoutesDecider } from "./routes/routes-decider.ts";
import { createAjvSchemaJudge } from "./schemas/ajv-judge.ts";
import { createBusyWait } from "./sqlite/busy.ts";
import { createSqliteUpkeep } from "./sqlite/file-upkeep.ts";
import { createLazyStore } from "./sqlite/lazy-store.ts";
import { createSqlitePinKeeper } from "./sqlite/pin-keeper.ts";
import type { Upkeep } from "./upkeep.ts";
import type { WorkflowSource } from "./workflow.ts";

export const VERSION = packageJson.version;

export interface App {
  engine: Engine;
  log: Log;
  upkeep: Upkeep;
  pin: PinKeeper;
  /** Which checks may be looked at. */
  permission: Permission;
  /** The middle rung; null if no model is configured. */
  model: Decider | null;
  /** A server for one client with a session. */
  mcpServer(): McpServer;
  /** The server of all clients without one. */
  sessionless: Sessionless;
  /** Serves every client that comes over HTTP, and the page, until `stop` is aborted. */
  serveHttp(stop: AbortSignal): Promise<Listening>;
  /** Serves the page alone, on the loopback, at the port of the settings. */
  servePage(stop: AbortSignal): Promise<Listening>;
  /** Ends what calls in flight wait for: checks that run, a busy database. */
  endWaits(): void;
  /** Closes the database, if it was opened. */
  close(): Promise<void>;
}

/** Time, as tests set it. */
export interface Clockwork {
  now?: () => Date;
  patience?: Patience;
}

/** 12 letters and digits that are hard to confuse: about 59 bits. */
const shortId = customAlphabet("23456789abcdefghjkmnpqrstuvwxyz", 12);

/** Has no side effect: the database is opened and definitions are read at the first call that needs them. */
export function createApp(config: Config, { now = () => new Date(), patience = PATIENCE }: Clockwork = {}): App {
  const log = createLog(config.logLevel);
  dropForeignSettings();
  const model = config.model && createModelDecider(config.model, { log, now });
  const schemas = createAjvSchemaJudge();
  const templates = createLiquidRenderer();
  const busy = createBusyWait();
  const database = createLazyStore(config.dbPath, busy);
  const directory = () => besides(config.dbPath);
  const files = createKeptFiles(directory);
  const checker = createChecker({ ...config.checks, changes: gitChangeProbe, files, log });
  const exhibits: Exhibits = {
    ...createRunChanges({ ...config.checks, home: files.home, database: () => realPath(config.dbPath) }),
    file: shownFile,
  };
  const attempts = createAttempts({ checker, now, newId: shortId, patience, log });
  const { notify: words, project } = config;
  const { environment } = config.checks;
  let pageOrigin: string | null = null;
  const link = (id: string) => (pageOrigin === null ? null : `${pageOrigin}/runs/${id}`);
  const notifier = words && createNotifier({ words, project, environment, link, log });
  const engineParts = {
    store: database.open,
    source: libraryOf(config.definitions, {
      judges: { checkExpression, namesApproval, schemaFault: schemas.fault, templateFaults: templates.faults },
      log,
    }),
    deciders: [createRoutesDecider(), ...(model ? [model] : [])],
    onModelFailure: config.onModelFailure,
    files: createRunFiles(directory),
    outputs: files,
    probe: createGitProjectProbe(config.checks),
    schemas,
    templates,
    exhibits,
    reckoner: createCelReckoner(),
    checker,
    attempts,
    patience,
    notifier,
    commandLine: (command: string, id: string) =>
      joinCommand([...self(), command, id, ...(config.dbIsDefault ? [] : ["--db", config.dbPath])]),
    hasState: () => existsSync(config.dbPath),
    project: config.project,
    now,
    newId: () => `run_${shortId()}`,
    log,
  };
  const engine = createEngine(engineParts);
  /** For agents on other machines. */
  const farEngine = createEngine({ ...engineParts, files: FAR_FILES });
  const stopSettling = () => {
    engine.stop();
    farEngine.stop();
  };
  const upkeep = createSqliteUpkeep(config.dbPath, busy);
  const changes = createChanges(engine);
  const pin = createSqlitePinKeeper(config.dbPath, busy, now);
  const elicit = config.elicit ? createElicit({ pin, patience, log }) : undefined;
  const parts = { engine, changes, elicit, version: VERSION, log, newId: shortId };
  const pageOf = (by: Engine) =>
    createLazyPage(async () => {
      const { createDashboard } = await import("./dashboard/dashboard.ts");
      return createDashboard({ engine: by, pin, project, version: VERSION, now, log });
    });
  const linked = (listening: Listening) => {
    if ("page" in listening) pageOrigin = listening.page;
    return listening;
  };
  const mcpServer = () => createMcpServer(parts);
  const sessionless = createSessionless(parts);
  return {
    engine,
    log,
    model,
    permission: config.checks,
    upkeep: {
      ...upkeep,
      async prune(before) {
        const deleted = await upkeep.prune(before);
        const store = await database.open();
        const isGone = async (id: string) => (await store.load(id)) === null;
        await files.removeRuns(isGone).catch((err) => log.warn({ err }, "files of deleted runs are left: prune again"));
        return deleted;
      },
    },
    pin,
    mcpServer,
    sessionless,
    serveHttp: async (stop) => {
      const { serveHttp } = await import("./http/serve.ts"); // over stdio nobody waits for it
      const isNear = isLoopback(config.http.host);
      const far = { ...parts, engine: withoutPaths(farEngine) };
      const mcp = isNear
        ? { mcpServer, sessionless }
        : { mcpServer: () => createMcpServer(far), sessionless: createSessionless(far) };
      const page = pageOf(isNear ? engine : far.engine);
      return linked(serveHttp({ settings: config.http, mcp, page, version: VERSION, log }, stop));
    },
    servePage: async (stop) => {
      const { serveHttp } = await import("./http/serve.ts");
      const settings = { host: "127.0.0.1", port: config.http.port, token: null, tokenFile: null, allowHosts: [] };
      return serveHttp({ settings, mcp: null, page: pageOf(engine), version: VERSION, log }, stop);
    },
    endWaits: () => {
      elicit?.end();
      busy.stop();
      stopSettling();
      void attempts.stop();
      notifier?.end();
    },
    close: async () => {
      stopSettling();
      await attempts.stop();
      await notifier?.close();
      await database.close();
    },
  };
}

/** The words that start this program: the executable, or Bun with the entry file if it runs from source. */
export function self(main: string = Bun.main, program: string = process.execPath): string[] {
  return EMBEDDED.test(main) ? [program] : [program, main];
}

/** Where a compiled executable has its own files; on Windows the runtime writes it with either slash. */
const EMBEDDED = /^(\/\$bunfs|B:[\\/]~BUN)[\\/]/;

/** The directory of the files that are kept beside a database: one for all who reach it by links. */
function besides(dbPath: string): string {
  return `${realPath(dbPath)}.files`;
}

function realPath(path: string): string {
  return existsSync(path) ? realpathSync(path) : path;
}

/** The definitions; what reads them is loaded at the first call that asks for them: no client waits for it at the start. */
function libraryOf(places: readonly Place[], options: Omit<LibraryOptions, "places">): WorkflowSource {
  let made: Promise<WorkflowSource> | undefined;
  async function make(): Promise<WorkflowSource> {
    const [{ createLibrary }, { EMBEDDED_WORKFLOWS }] = await Promise.all([
      import("./markdown/library.ts"),
      import("./markdown/embedded.ts"),
    ]);
    const placeOf = (place: Place) => (place.kind === "builtin" ? { texts: EMBEDDED_WORKFLOWS } : place);
    return createLibrary({ ...options, places: places.map(placeOf) });
  }
  const library = () => (made ??= make());
  return { catalog: async () => (await library()).catalog() };
}

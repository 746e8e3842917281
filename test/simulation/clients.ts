import { type Clock, type ReportEdit, StoreUnavailableError } from "../../server/ports.ts";
import { encodeGeohash } from "../../tiles/geohash.ts";
import { REPORT_LIFETIME_MS } from "../../tiles/layers.ts";
import { type Report, roundDegrees } from "../../tiles/report.ts";
import { formatReportId, idTail, timeOfId } from "../../tiles/report-id.ts";
import type { Action, EditAction, ImportAction, OperatorAction, ReportAction } from "./actions.ts";
import type { App } from "./app.ts";
import type { Machine } from "./host.ts";
import type { Edit, Ledger } from "./ledger.ts";
import { type Link, LinkError } from "./link.ts";
import { hashOf } from "./random.ts";
import { createReader } from "./reader.ts";
import { IMPORTER } from "./scenario.ts";
import { currentTask } from "./task.ts";
import type { Trace } from "./trace.ts";

/** Everybody outside of the service: who reports, edits, imports, reads and operates. */
export interface Clients {
  /** Does an action in the running task, until it is done or given up. */
  act(action: Action): Promise<void>;
  /** Whether open maps of these processes were told of what readers saw change. */
  checkTold(apps: readonly App[]): void;
}

export interface ClientsOptions {
  readonly startMs: number;
  /** True time. */
  readonly clock: Clock;
  readonly machines: ReadonlyMap<string, Machine>;
  readonly link: Link;
  readonly ledger: Ledger;
  readonly trace: Trace;
  /** When nothing fails any more, whoever waits tries again soon. */
  readonly isQuiet: () => boolean;
  /** Nothing goes wrong in this run, and nothing lags behind. */
  readonly isFaultless: boolean;
  /** Whether a report's row is there, whatever became of it. */
  readonly isStored: (id: string) => boolean;
  /** The id of the stored report with a text, as somebody may see it on the map. */
  readonly idNamed: (text: string) => string | undefined;
  /** Damages something that is derived from reports. */
  readonly damage: () => string;
}

/** Flags of so many clients hide a report here. */
const FLAGS_TO_HIDE = 2;
/** Promised is two seconds; the network takes its part, too. */
const FRESH_MS = 2_500;
const WRITE = { isWrite: true } as const;
/** As in the page's outbox: after a day nothing is sent again by itself. */
const OLD_MS = 24 * 3_600_000;
const MAX_PAUSE_MS = 8_000;
const QUIET_PAUSE_MS = 2_000;

export function createClients(options: ClientsOptions): Clients {
  const { startMs, clock, machines, link, ledger, trace, isQuiet, isFaultless } = options;
  const reader = createReader(options);

  /** Tries until it succeeds; undefined when it was given up. */
  async function insist<T>(attempts: number, attempt: (number: number) => Promise<T>): Promise<T | undefined> {
    const begunMs = clock.now();
    for (let tries = 0; clock.now() - begunMs <= OLD_MS; tries++) {
      try {
        return await attempt(tries);
      } catch (error) {
        const { name, message } = error as Error;
        trace.note(currentTask().name, `attempt ${tries + 1} failed: ${name}: ${message}`);
        if (!isExpected(error))
          ledger.violate("answers are 503 or right", `${currentTask().name}: ${name}: ${message}`);
        if (tries + 1 >= attempts) return undefined;
        const pauseMs = Math.min(isQuiet() ? QUIET_PAUSE_MS : MAX_PAUSE_MS, 1000 * 2 ** tries);
        await sleep(pauseMs * (0.75 + Math.random() / 4));
      }
    }
    return undefined;
  }

  const machineOf = (name: string): Machine => {
    const machine = machines.get(name);
    if (machine === undefined) throw new Error(`no machine ${name}`);
    return machine;
  };

  async function report(action: ReportAction): Promise<void> {
    const post: { action: ReportAction; report?: Report; isGivenUp: boolean } = { action, isGivenUp: false };
    ledger.posts.set(action.name, post);
    const postTo = async (host: string): Promise<void> => {
      let by: App | undefined;
      const created = await link.ask(
        machineOf(host),
        (app) => {
          by = app;
          return app.post(action.draft, action.key);
        },
        WRITE,
      );
      if (created.outcome === "key-taken") return ledger.violate("a key is its client's", action.name);
      const { id } = created.report;
      trace.note(action.name, `thanked by ${host}: ${created.outcome} ${id}`);
      if (post.report !== undefined && post.report.id !== id) {
        ledger.violate("a key gives one report", `${action.name} was thanked with ${post.report.id} and ${id}`);
      }
      post.report = created.report;
      if (by !== undefined) reader.noteThanked(by, created.report);
      if (isFaultless) await expectEverywhere(created.report);
    };
    await insist(action.attempts, async (tries) => {
      const host = action.hosts[tries % action.hosts.length] ?? "";
      const other = action.hosts[(tries + 1) % action.hosts.length] ?? "";
      const sent = action.isTwice && tries === 0 ? [host, other] : [host];
      await Promise.any(sent.map(postTo)).catch((error: AggregateError) => Promise.reject(error.errors[0]));
    });
    post.isGivenUp = post.report === undefined;
  }

  /** In every process, within two seconds. */
  async function expectEverywhere(report: Report): Promise<void> {
    await sleep(FRESH_MS);
    for (const machine of machines.values()) {
      if (machine.name !== IMPORTER && machine.life() !== undefined) await reader.expect(report, machine);
    }
  }

  /** The report of an action, of an import any, if its client knows it, or others can see it. */
  function reportOf({ of, name }: EditAction): Report | undefined {
    const post = ledger.posts.get(of);
    if (post === undefined) return importsBy.get(of)?.at(hashOf(name) % (importsBy.get(of)?.length ?? 1));
    if (post.report !== undefined) return post.report;
    const id = options.idNamed(of);
    const createdAtMs = id === undefined ? 0 : timeOfId(id);
    return id === undefined ? undefined : { id, ...post.action.draft, ...timesFrom(createdAtMs) };
  }
  const importsBy = new Map<string, Report[]>();

  async function edit(action: EditAction): Promise<void> {
    const target = reportOf(action);
    if (target === undefined) return;
    const machine = machineOf(action.host);
    if (action.edit === "flag") return flag(action, target, machine);
    const change = editOf(action, target);
    const noted: Edit = { action: action.name, edit: change, id: target.id, startMs: clock.now(), endMs: Infinity };
    ledger.edits.push(noted);
    await insist(action.attempts, async () => {
      let by: App | undefined;
      const edited = await link.ask(
        machine,
        (app) => {
          by = app;
          return app.edit(target, change);
        },
        WRITE,
      );
      if (by !== undefined && edited?.isShown === false) reader.noteHidden(by, target.id);
      // It was not there yet, or was removed: nothing was done.
      if (edited === undefined) ledger.edits.splice(ledger.edits.indexOf(noted), 1);
      noted.endMs = clock.now();
      trace.note(action.name, `${target.id} is version ${edited?.version}${edited?.isShown ? "" : ", not shown"}`);
    });
  }

  /** Hides the report when it is the last one that it takes. */
  async function flag({ name, attempts }: EditAction, { id }: Report, machine: Machine): Promise<void> {
    const hide: Edit = { action: name, edit: { kind: "hide" }, id, startMs: clock.now(), endMs: Infinity };
    ledger.edits.push(hide);
    await insist(attempts, async () => {
      const address = `192.0.2.${hashOf(name) % 250}`;
      const left = await link.ask(machine, (app) => app.flag(id, address, FLAGS_TO_HIDE), WRITE);
      trace.note(name, `${id} is hidden after ${left} more`);
      if (left === 0) hide.endMs = clock.now();
    });
  }

  /** A batch is put again until it is done; its ids come from its rows. */
  async function runImport({ name, rows, batch }: ImportAction): Promise<void> {
    const reports = rows.map(({ draft, ageMs }) => importedReport(draft, startMs - ageMs));
    importsBy.set(name, reports);
    const noted = reports.map((each) => ({ report: each, isDone: false }));
    for (const each of noted) ledger.imported.set(each.report.id, each);
    for (let from = 0; from < reports.length; from += batch) {
      const part = reports.slice(from, from + batch);
      const done = await insist(Infinity, () => link.ask(machineOf(IMPORTER), (app) => app.store.putMany(part)));
      if (done === undefined) return;
      trace.note(name, `imported ${done.written} of ${part.length}`);
      for (const each of noted.slice(from, from + batch)) each.isDone = true;
    }
    await insist(1, () => link.ask(machineOf(IMPORTER), (app) => app.store.confirm()));
  }

  async function operate({ kind, host }: OperatorAction): Promise<void> {
    const machine = machineOf(host);
    if (kind === "crash") return machine.life()?.crash();
    if (kind === "stop") return stop(machine);
    if (kind === "damage") return trace.note(currentTask().name, `damaged ${options.damage()}`);
    await insist(1, () => link.ask(machine, (app) => app.compactor()[kind === "compact" ? "run" : "rebuild"]()));
  }

  /** As `serve.ts` closes: background work, then what is owed, then the end. */
  async function stop(machine: Machine): Promise<void> {
    const life = machine.life();
    await insist(1, () =>
      link.ask(machine, async ({ background, store }) => {
        await Promise.all(Object.values(background).map((work) => work.stop()));
        await store.confirm();
      }),
    );
    life?.crash();
  }

  return {
    checkTold: reader.told.check,
    async act(action) {
      if (action.kind === "report") return report(action);
      if (action.kind === "edit") return edit(action);
      if (action.kind === "import") return runImport(action);
      if (action.kind === "read") return void (await insist(1, () => reader.read(action, machineOf(action.host))));
      if (action.kind === "list") return void (await insist(1, () => reader.list(action, machineOf(action.host))));
      return operate(action);
    },
  };
}

/** What a client must be ready for; compactions may also have to leave it to others. */
const isExpected = (error: unknown): boolean =>
  error instanceof LinkError ||
  error instanceof StoreUnavailableError ||
  /changed by others|rewritten by others|is damaged/.test((error as Error).message);

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function importedReport(draft: ReportAction["draft"], createdAtMs: number): Report {
  const geohash5 = encodeGeohash(draft.lonDeg, draft.latDeg, 5);
  const [high, low] = [hashOf(draft.text ?? "", 1), hashOf(draft.text ?? "", 2)];
  const tail = idTail(Uint8Array.of(high, high >>> 8, low, low >>> 8, low >>> 16));
  const id = formatReportId({ createdAtMs, geohash5, layer: draft.layer, shard: 0, tail });
  return { id, ...draft, ...timesFrom(createdAtMs) };
}

const timesFrom = (createdAtMs: number) => ({ createdAtMs, expiresAtMs: createdAtMs + REPORT_LIFETIME_MS });

/** The edit of an action; a replaced report has other words and another severity, and lies a little beside. */
function editOf({ edit, name, severity }: EditAction, target: Report): ReportEdit {
  if (edit === "flag" || edit === "hide") return { kind: "hide" };
  if (edit !== "replace") return { kind: edit };
  const beside = roundDegrees(target.latDeg + ((hashOf(name) % 100) - 50) * 1e-5);
  const cellOf = (latDeg: number): string => encodeGeohash(target.lonDeg, latDeg, 5);
  const latDeg = cellOf(beside) === cellOf(target.latDeg) ? beside : target.latDeg;
  return { kind: "replace", report: { ...target, severity, latDeg, category: `by ${name}` } };
}

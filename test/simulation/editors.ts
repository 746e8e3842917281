import type { ReportEdit } from "../../server/ports/report-store.ts";
import { encodeGeohash } from "../../tiles/geo/geohash.ts";
import { type Report, roundDegrees } from "../../tiles/report.ts";
import { timeOfId } from "../../tiles/report-id.ts";
import { hashOf } from "../kit/random.ts";
import type { EditAction } from "./actions.ts";
import type { App } from "./app.ts";
import type { ClientParts } from "./clients.ts";
import type { Machine } from "./host.ts";
import { timesFrom } from "./importer.ts";
import type { Edit } from "./ledger.ts";

/** Flags of so many clients hide a report here. */
const FLAGS_TO_HIDE = 2;
const WRITE = { isWrite: true } as const;

/** Clients who flag, hide, replace, restore and remove reports. */
export function createEditor(parts: ClientParts): (action: EditAction) => Promise<void> {
  const { clock, link, ledger, trace, reader, insist, machineOf, importedBy, idNamed } = parts;

  /** The report of an action, of an import any, if its client knows it, or others can see it. */
  function reportOf({ of, name }: EditAction): Report | undefined {
    const post = ledger.posts.get(of);
    if (post === undefined) return importedBy(of).at(hashOf(name) % Math.max(1, importedBy(of).length));
    if (post.report !== undefined) return post.report;
    const id = idNamed(of);
    const createdAtMs = id === undefined ? 0 : timeOfId(id);
    return id === undefined ? undefined : { id, ...post.action.draft, ...timesFrom(createdAtMs) };
  }

  /** Hides the report when it is the last one that it takes. */
  async function flag({ name, attempts }: EditAction, { id }: Report, machine: Machine): Promise<void> {
    const hide: Edit = { action: name, edit: { kind: "hide" }, id, startMs: clock.now(), endMs: Infinity };
    ledger.edits.push(hide);
    await insist(attempts, async () => {
      const address = `198.18.${hashOf(name) % 250}.1`;
      const left = await link.ask(machine, (app) => app.flag(id, address, FLAGS_TO_HIDE), WRITE);
      trace.note(name, `${id} is hidden after ${left} more`);
      if (left === 0) hide.endMs = clock.now();
    });
  }

  return async (action) => {
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
  };
}

/** The edit of an action; a replaced report has other words and another severity, and lies a little beside. */
function editOf({ edit, name, severity }: EditAction, target: Report): ReportEdit {
  if (edit === "flag" || edit === "hide") return { kind: "hide" };
  if (edit !== "replace") return { kind: edit };
  const beside = roundDegrees(target.latDeg + ((hashOf(name) % 100) - 50) * 1e-5);
  const cellOf = (latDeg: number): string => encodeGeohash(target.lonDeg, latDeg, 5);
  const latDeg = cellOf(beside) === cellOf(target.latDeg) ? beside : target.latDeg;
  return { kind: "replace", report: { ...target, severity, latDeg, category: `by ${name}` } };
}

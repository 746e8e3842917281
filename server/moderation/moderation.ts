import type { Report } from "../../tiles/report.ts";
import type { Log } from "../console/log.ts";
import type { Clock } from "../ports/clock.ts";
import type { DerivedStore } from "../ports/derived-store.ts";
import { type EditedReport, type ReportStore, StoreUnavailableError } from "../ports/report-store.ts";
import {
  type Action,
  type Cause,
  isDecided,
  isVisible,
  type ModerationCase,
  STATE_AFTER,
  undone,
  withStep,
} from "./case.ts";
import { type CaseTable, createCaseTable } from "./case-table.ts";
import { createDismissedFlags, type DismissedFlags } from "./dismissed-flags.ts";
import { createFlagBudget, type FlagBudget } from "./flag-budget.ts";
import { countReasons } from "./flag-voices.ts";

export interface ModerationOptions {
  readonly store: ReportStore;
  readonly derived: DerivedStore;
  readonly clock: Clock;
  readonly log: Log;
  /** Flags that count of one network in a UTC day. */
  readonly flagsPerDay?: number;
  /** Id of the city that a report lies in. */
  cityOf(report: Report): Promise<string | undefined>;
  /** Told of a held report that is stored now, before that is acknowledged. */
  onReport(report: Report): void;
  /** Told what became of a report, and how it read before, likewise. */
  onEdit(edited: EditedReport, before: Report): void;
}

/** A report that can be moderated, whether it is shown or not. */
export interface Subject {
  readonly report: Report;
  readonly city?: string;
  readonly known?: ModerationCase;
}

export interface Ruling {
  readonly action: Action | "undo";
  /** The moderator's name. */
  readonly by: string;
  readonly reason?: string | undefined;
}

/** Hides reports for somebody to look at, and does what that one decides. */
export interface Moderation extends Pick<CaseTable, "list" | "log"> {
  readonly dismissed: Pick<DismissedFlags, "quartersOf">;
  readonly flagBudget: FlagBudget;
  /** Undefined when nothing is known of such a report. */
  find(id: string): Promise<Subject | undefined>;
  /** Keeps a report that is not stored from being seen, until a moderator lets it out. */
  holdBack(report: Report, cause: Cause): Promise<void>;
  /** Hides what enough flags speak against, unless a moderator has said that it stays. @returns whether it is hidden */
  hideFlagged(report: Report): Promise<boolean>;
  /** Undefined when nothing is known of such a report, "nothing-to-undo" when no decision of a moderator holds. */
  rule(id: string, ruling: Ruling): Promise<ModerationCase | "nothing-to-undo" | undefined>;
}

const MAX_TRIES = 4;

export function createModeration(options: ModerationOptions): Moderation {
  const { store, clock } = options;
  const table = createCaseTable(options);
  const dismissed = createDismissedFlags(options);
  const settle = createSettling(options, table);

  async function find(id: string): Promise<Subject | undefined> {
    const found = await table.find(id);
    if (found !== undefined) return subjectOf(found.known);
    const report = await store.get(id);
    return report && (await withCity(report));
  }

  async function withCity(report: Report): Promise<Subject> {
    const city = await options.cityOf(report);
    return { report, ...(city !== undefined && { city }) };
  }

  /** Of what was hidden before there were cases, nothing but the row tells. */
  async function revive(id: string): Promise<Subject | undefined> {
    const edited = await store.edit(id, { kind: "restore" });
    if (edited?.report === undefined) return undefined;
    options.onEdit(edited, edited.report);
    return withCity(edited.report);
  }

  async function decide(id: string, { action, by, reason }: Ruling & { readonly action: Action }) {
    const subject = (await find(id)) ?? (action === "hide" ? undefined : await revive(id));
    if (subject === undefined) return undefined;
    const step = { atMs: clock.now(), by, what: action, ...(reason !== undefined && { reason }) };
    const ruled = await table.change(id, (known = newCase(subject, "moderator")) =>
      known.state === STATE_AFTER[action] ? known : withStep(known, STATE_AFTER[action], step),
    );
    if (action === "dismiss") await dismissed.add(subject);
    return ruled?.known;
  }

  async function undo(id: string, by: string) {
    let isUndone = false;
    const step = { atMs: clock.now(), by };
    const found = await table.change(id, (known) => {
      const back = known && undone(known, step);
      isUndone = back !== undefined;
      return back;
    });
    if (found !== undefined && found.known.state !== "dismissed") await dismissed.remove(subjectOf(found.known));
    return found === undefined || isUndone ? found?.known : "nothing-to-undo";
  }

  return {
    list: table.list,
    log: table.log,
    dismissed,
    flagBudget: createFlagBudget(options),
    find,

    async holdBack(report, cause) {
      const subject = await withCity(report);
      const step = { atMs: clock.now(), by: "floods", what: "hold" } as const;
      await table.change(
        report.id,
        (known) => known ?? withStep({ ...newCase(subject, cause), isKeptHere: true }, "held", step),
      );
    },

    async hideFlagged(report) {
      const subject = await withCity(report);
      const flags = countReasons(await store.flagsOf(report.id));
      const step = { atMs: clock.now(), by: "flags", what: "hold" } as const;
      const found = await table.change(report.id, (known = newCase(subject, "flags")) => {
        if (known.state !== "shown") return known;
        return withStep({ ...known, report, cause: "flags", flags }, "held", step);
      });
      await settle(report.id);
      return found !== undefined && !isDecided(found.known);
    },

    async rule(id, ruling) {
      const { action } = ruling;
      const ruled = action === "undo" ? await undo(id, ruling.by) : await decide(id, { ...ruling, action });
      // Also where nothing was changed: whoever did it before may have died half way.
      if (typeof ruled === "object") await settle(id);
      return ruled;
    },
  };
}

const newCase = ({ report, city }: Subject, cause: Cause): ModerationCase => ({
  report,
  ...(city !== undefined && { city }),
  state: "shown",
  cause,
  history: [],
});

const subjectOf = (known: ModerationCase): Subject => ({
  report: known.report,
  ...(known.city !== undefined && { city: known.city }),
  known,
});

/**
 * Makes a report what its case says. Several may do so at once, in any order: whoever was last to do it looks at the case again, and
 * begins anew when another one has changed it meanwhile.
 */
function createSettling({ store, onReport, onEdit }: ModerationOptions, table: CaseTable) {
  async function make({ report, isKeptHere, ...known }: ModerationCase): Promise<void> {
    const edited = await store.edit(report.id, { kind: isVisible({ report, ...known }) ? "restore" : "hide" });
    if (edited !== undefined) return onEdit(edited, report);
    if (!isVisible({ report, ...known }) || isKeptHere === undefined) return;
    await store.put(report);
    onReport(report);
  }

  return async function settle(id: string): Promise<void> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const before = await table.find(id);
      if (before === undefined) return;
      await make(before.known);
      if ((await table.find(id))?.version === before.version) return;
    }
    throw new StoreUnavailableError(`report ${id} was moderated by others ${MAX_TRIES} times`);
  };
}

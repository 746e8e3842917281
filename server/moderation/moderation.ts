import type { Report } from "../../tiles/report.ts";
import type { Log } from "../console/log.ts";
import { atOnce, type InTurn } from "../kit/in-turn.ts";
import type { Clock } from "../ports/clock.ts";
import type { DerivedStore } from "../ports/derived-store.ts";
import type { ReportStore } from "../ports/report-store.ts";
import { type Action, type ModerationCase, STATE_AFTER, undone, withStep } from "./case.ts";
import { type CaseCounts, createCaseCounts } from "./case-counts.ts";
import { type CaseTable, createCaseTable } from "./case-table.ts";
import { createDismissedFlags, type DismissedFlags } from "./dismissed-flags.ts";
import { createFlagBudget, type FlagBudget } from "./flag-budget.ts";
import { createHolding, type Holding } from "./holding.ts";
import { createSettling, type SettlingOptions } from "./settle.ts";
import { newCase, type Subject, type SubjectOptions, subjectIn, subjectOf } from "./subject.ts";

export interface ModerationOptions
  extends Pick<SettlingOptions, "onReport" | "onEdit">,
    Pick<SubjectOptions, "cityOf"> {
  readonly store: ReportStore;
  readonly derived: DerivedStore;
  readonly clock: Clock;
  readonly log: Log;
  /** Flags that count of one network in a UTC day. */
  readonly flagsPerDay?: number;
  /** How changes of one case by this process wait for each other; by default they do not. */
  readonly inTurn?: InTurn;
}

export interface Ruling {
  readonly action: Action | "undo";
  /** The moderator's name. */
  readonly by: string;
  readonly reason?: string | undefined;
}

/** Hides reports for somebody to look at, and does what that one decides. */
export interface Moderation extends Pick<CaseTable, "list" | "log">, Pick<CaseCounts, "samples">, Holding {
  readonly dismissed: Pick<DismissedFlags, "quartersOf">;
  readonly flagBudget: FlagBudget;
  /** Undefined when nothing is known of such a report. */
  find(id: string): Promise<Subject | undefined>;
  /** Undefined when nothing is known of such a report, "nothing-to-undo" when no decision of a moderator holds. */
  rule(id: string, ruling: Ruling): Promise<ModerationCase | "nothing-to-undo" | undefined>;
}

export function createModeration(options: ModerationOptions): Moderation {
  const { store, clock, inTurn = atOnce } = options;
  const table = createCaseTable(options);
  const dismissed = createDismissedFlags(options);
  const settle = createSettling(options, table);
  const counts = createCaseCounts();

  async function find(id: string): Promise<Subject | undefined> {
    const found = await table.find(id);
    if (found !== undefined) return subjectOf(found.known);
    const report = await store.get(id);
    return report && (await withCity(report));
  }

  const withCity = (report: Report) => subjectIn(options, report);

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
    return found === undefined || isUndone ? found?.known : "nothing-to-undo";
  }

  /** What is not dismissed any more was flagged rightly, or nobody knows. */
  async function weighFlaggers(known: ModerationCase): Promise<void> {
    await (known.state === "dismissed" ? dismissed.add(subjectOf(known)) : dismissed.remove(subjectOf(known)));
  }

  async function rule(id: string, ruling: Ruling) {
    const { action } = ruling;
    const ruled = action === "undo" ? await undo(id, ruling.by) : await decide(id, { ...ruling, action });
    // Also where nothing was changed: whoever did it before may have died half way.
    if (ruled === undefined) return undefined;
    await settle(id, weighFlaggers);
    if (ruled === "nothing-to-undo") return ruled;
    counts.ruled(action);
    return ruled;
  }

  return {
    list: table.list,
    log: table.log,
    samples: counts.samples,
    dismissed,
    flagBudget: createFlagBudget(options),
    find,

    ...createHolding({ ...options, table, settle, counts }),
    rule: (id, ruling) => inTurn(id, () => rule(id, ruling)),
  };
}

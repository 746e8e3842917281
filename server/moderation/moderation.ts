import { LRUCache } from "lru-cache";
import type { Report } from "../../tiles/report.ts";
import type { Log } from "../console/log.ts";
import { startOfMinute } from "../kit/utc-time.ts";
import type { Clock } from "../ports/clock.ts";
import type { DerivedStore } from "../ports/derived-store.ts";
import type { ReportStore } from "../ports/report-store.ts";
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
import { type CaseCounts, createCaseCounts } from "./case-counts.ts";
import { type CaseTable, createCaseTable } from "./case-table.ts";
import { createDismissedFlags, type DismissedFlags } from "./dismissed-flags.ts";
import { createFlagBudget, type FlagBudget } from "./flag-budget.ts";
import { countReasons } from "./flag-voices.ts";
import { createSettling, type SettlingOptions } from "./settle.ts";

export interface ModerationOptions extends Pick<SettlingOptions, "onReport" | "onEdit"> {
  readonly store: ReportStore;
  readonly derived: DerivedStore;
  readonly clock: Clock;
  readonly log: Log;
  /** Flags that count of one network in a UTC day. */
  readonly flagsPerDay?: number;
  /** Id of the city that a report lies in. */
  cityOf(report: Report): Promise<string | undefined>;
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
export interface Moderation extends Pick<CaseTable, "list" | "log">, Pick<CaseCounts, "samples"> {
  readonly dismissed: Pick<DismissedFlags, "quartersOf">;
  readonly flagBudget: FlagBudget;
  /** Undefined when nothing is known of such a report. */
  find(id: string): Promise<Subject | undefined>;
  /**
   * What is known of a report that was sent before; nothing, mostly. One that was held back before it was stored, and is still, is "held":
   * it must not be stored, and its row is hidden if there is one.
   */
  keepHeldBack(id: string): Promise<"held" | "known" | undefined>;
  /** Whether this process held it back lately. Asks nobody. */
  isHeldHere(id: string): boolean;
  /** Keeps a report that is not stored from being seen, until a moderator lets it out. */
  holdBack(report: Report, cause: Cause): Promise<void>;
  /** Hides what enough flags speak against, unless a moderator has said that it stays. @returns whether it is hidden */
  hideFlagged(report: Report): Promise<boolean>;
  /** Undefined when nothing is known of such a report, "nothing-to-undo" when no decision of a moderator holds. */
  rule(id: string, ruling: Ruling): Promise<ModerationCase | "nothing-to-undo" | undefined>;
}

/** Reports that were held back here lately, of which a repetition may be under way: some hundred kilobytes. */
const MOST_HELD_HERE = 2_000;

export function createModeration(options: ModerationOptions): Moderation {
  const { store, clock } = options;
  const table = createCaseTable(options);
  const dismissed = createDismissedFlags(options);
  const settle = createSettling(options, table);
  const counts = createCaseCounts();
  const heldHere = new LRUCache<string, true>({ max: MOST_HELD_HERE });

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
    samples: counts.samples,
    dismissed,
    flagBudget: createFlagBudget(options),
    find,

    async keepHeldBack(id) {
      const found = await table.find(id);
      if (found === undefined) return undefined;
      if (found.known.isKeptHere !== true || isVisible(found.known)) return "known";
      // Whoever held it back may have died before the list had it, or before its row was hidden.
      await table.change(id, (known) => known);
      await settle(id);
      return "held";
    },

    isHeldHere: (id) => heldHere.has(id),

    async holdBack(report, cause) {
      const subject = await withCity(report);
      // No more of when it came than the report itself tells.
      const step = { atMs: report.createdAtMs, by: "floods", what: "hold" } as const;
      heldHere.set(report.id, true);
      let isNew = false;
      await table.change(report.id, (known) => {
        isNew = known === undefined;
        return known ?? withStep({ ...newCase(subject, cause), isKeptHere: true }, "held", step);
      });
      // Somebody may have sent it a second time, and stored it before there was the case.
      await settle(report.id);
      if (isNew) counts.held(cause);
    },

    async hideFlagged(report) {
      const subject = await withCity(report);
      const flags = countReasons(await store.flagsOf(report.id));
      // Who flags is nobody's business either.
      const step = { atMs: startOfMinute(clock.now()), by: "flags", what: "hold" } as const;
      let isNew = false;
      const found = await table.change(report.id, (known = newCase(subject, "flags")) => {
        isNew = known.state === "shown";
        if (!isNew) return known;
        return withStep({ ...known, report, cause: "flags", flags }, "held", step);
      });
      await settle(report.id);
      if (isNew) counts.held("flags");
      return found !== undefined && !isDecided(found.known);
    },

    async rule(id, ruling) {
      const { action } = ruling;
      const ruled = action === "undo" ? await undo(id, ruling.by) : await decide(id, { ...ruling, action });
      // Also where nothing was changed: whoever did it before may have died half way.
      if (typeof ruled !== "object") return ruled;
      await settle(id);
      counts.ruled(action);
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

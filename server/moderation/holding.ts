import { LRUCache } from "lru-cache";
import type { Report } from "../../tiles/report.ts";
import { atOnce, type InTurn } from "../kit/in-turn.ts";
import { startOfMinute } from "../kit/utc-time.ts";
import type { Clock } from "../ports/clock.ts";
import type { ReportStore } from "../ports/report-store.ts";
import { type Cause, isDecided, isVisible, withStep } from "./case.ts";
import type { CaseCounts } from "./case-counts.ts";
import type { CaseTable } from "./case-table.ts";
import { countReasons } from "./flag-voices.ts";
import type { Settle } from "./settle.ts";
import { newCase, type SubjectOptions, subjectIn } from "./subject.ts";

/** Holds reports back until a moderator has looked at them. */
export interface Holding {
  /** Keeps a report that is not stored from being seen, until a moderator lets it out. */
  holdBack(report: Report, cause: Cause): Promise<void>;
  /**
   * What is known of a report that was sent before; nothing, mostly. One that was held back before it was stored, and is still, is "held":
   * it must not be stored, and its row is hidden if there is one.
   */
  keepHeldBack(id: string): Promise<"held" | "known" | undefined>;
  /** Whether this process held it back lately. Asks nobody. */
  isHeldHere(id: string): boolean;
  /** Hides what enough flags speak against, unless a moderator has said that it stays. @returns whether it is hidden */
  hideFlagged(report: Report): Promise<boolean>;
}

export interface HoldingOptions extends SubjectOptions {
  readonly store: Pick<ReportStore, "flagsOf">;
  readonly clock: Clock;
  readonly inTurn?: InTurn;
  readonly table: Pick<CaseTable, "find" | "change">;
  readonly settle: Settle;
  readonly counts: Pick<CaseCounts, "held">;
}

/** Reports that were held back here lately, of which a repetition may be under way: some hundred kilobytes. */
const MOST_HELD_HERE = 2_000;

export function createHolding(options: HoldingOptions): Holding {
  const { store, clock, inTurn = atOnce, table, settle, counts } = options;
  const heldHere = new LRUCache<string, true>({ max: MOST_HELD_HERE });

  async function holdBack(report: Report, cause: Cause): Promise<void> {
    const subject = await subjectIn(options, report);
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
  }

  async function hideFlagged(report: Report): Promise<boolean> {
    const subject = await subjectIn(options, report);
    const flags = countReasons(await store.flagsOf(report.id));
    // Who flags is nobody's business either.
    const step = { atMs: startOfMinute(clock.now()), by: "flags", what: "hold" } as const;
    let isNew = false;
    const found = await table.change(report.id, (known = newCase(subject, "flags")) => {
      isNew = known.state === "shown";
      return isNew ? withStep({ ...known, report, cause: "flags", flags }, "held", step) : known;
    });
    await settle(report.id);
    if (isNew) counts.held("flags");
    return found !== undefined && !isDecided(found.known);
  }

  return {
    holdBack: (report, cause) => inTurn(report.id, () => holdBack(report, cause)),
    hideFlagged: (report) => inTurn(report.id, () => hideFlagged(report)),
    isHeldHere: (id) => heldHere.has(id),

    async keepHeldBack(id) {
      const found = await table.find(id);
      if (found === undefined) return undefined;
      if (found.known.isKeptHere !== true || isVisible(found.known)) return "known";
      // Whoever held it back may have died before the list had it, or before its row was hidden.
      await inTurn(id, async () => {
        await table.change(id, (known) => known);
        await settle(id);
      });
      return "held";
    },
  };
}

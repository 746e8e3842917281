import type { ReportEdit } from "../../server/ports/report-store.ts";
import type { Report } from "../../tiles/report.ts";
import type { ReportAction } from "./actions.ts";

/** What clients know: the truth that the service is held to. */
export interface Ledger {
  /** Posts by the name of their action. */
  readonly posts: Map<string, Post>;
  /** Imported reports by id, and whether the import that brings them was told that it is done. */
  readonly imported: Map<string, Imported>;
  readonly edits: Edit[];
  /** What was found wrong on the way. */
  readonly violations: Violation[];
  violate(invariant: string, detail: string): void;
}

export interface Post {
  readonly action: ReportAction;
  /** What it was thanked with. */
  report?: Report;
  isGivenUp: boolean;
}

export interface Imported {
  readonly report: Report;
  /** Name of the action. */
  readonly by: string;
  isDone: boolean;
}

/** An edit, by however many attempts. */
export interface Edit {
  readonly action: string;
  readonly id: string;
  readonly edit: ReportEdit;
  readonly startMs: number;
  /** When it was acknowledged; Infinity while, and when, it is not. */
  endMs: number;
}

export interface Violation {
  readonly invariant: string;
  readonly detail: string;
}

export function createLedger(): Ledger {
  const violations: Violation[] = [];
  return {
    posts: new Map(),
    imported: new Map(),
    edits: [],
    violations,
    violate: (invariant, detail) => violations.push({ invariant, detail }),
  };
}

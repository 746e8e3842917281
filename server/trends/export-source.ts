import type { Column, ExportRow } from "./export-rows.ts";

/** Rows that were read together. */
export interface ExportPage {
  readonly rows: readonly ExportRow[];
  /** Rows that were looked through for them: what the account pays for. */
  readonly lookedAt: number;
}

/** A table as one request asks for it. */
export interface ExportSource {
  /** What its file is called after. */
  readonly name: string;
  readonly columns: readonly Column[];
  /** All of it, some rows at a time: about as many as are asked for, or none. */
  pages(pageRows: number): AsyncGenerator<ExportPage, void>;
  /** Its first rows, at most `limit` and at times fewer, and the cursor behind them; without one it has no more. */
  first(limit: number): Promise<{ readonly rows: readonly ExportRow[]; readonly next?: string }>;
}

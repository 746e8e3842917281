import { element } from "../../ui/dom.ts";
import { DAY, formatDay, SHOW_TABLE } from "../../words/dashboard-words.ts";
import { table } from "./table.ts";

export interface ChartSeries {
  readonly label: string;
  /** Name of the style's colour, such as `--safety`. */
  readonly color: string;
  /** One a day; null where there is none, which is a gap. */
  readonly values: readonly (number | null)[];
  /** Told apart by more than the colour. */
  readonly dash?: readonly number[];
}

export interface ChartOptions {
  readonly label: string;
  /** `2026-03-01`, UTC, ascending. */
  readonly days: readonly string[];
  readonly series: readonly ChartSeries[];
  /** `stack` puts the bars of a day on each other, the first at the bottom. */
  readonly kind: "lines" | "bars" | "stack";
  readonly heightPx?: number;
  say(value: number): string;
  readonly signal: AbortSignal;
}

/** What a chart shows, as rows of a table, the newest day first. */
export function chartTable({ label, days, series, say }: ChartOptions): HTMLElement {
  const columns = [
    { head: DAY, isName: true, cell: (i: number) => formatDay(days[i] ?? "") },
    ...series.map(({ label: head, values }) => ({
      head,
      isNumber: true,
      cell: (i: number) => {
        const value = values[i] ?? null;
        return value === null ? "–" : say(value);
      },
    })),
  ];
  return table(
    label,
    columns,
    days.map((_, i) => days.length - 1 - i),
  );
}

/** The same, made when it is unfolded. */
export function foldedTable(options: ChartOptions): HTMLElement {
  const details = element("details", { class: "chart-table" }, element("summary", {}, SHOW_TABLE));
  details.addEventListener("toggle", () => {
    if (details.open && details.childElementCount === 1) details.append(chartTable(options));
  });
  return details;
}

import { element } from "../../ui/dom.ts";
import { TREND_WORDS as WORDS } from "../../words/dashboard-trend-words.ts";
import { formatCount } from "../../words/words.ts";
import type { RiseJson } from "../api/trends.ts";
import { percentMark } from "../parts/change-mark.ts";
import { table } from "../parts/table.ts";

/** Month over month, by area. */
export function risingTable(rows: readonly RiseJson[]): HTMLElement {
  return table<RiseJson>(
    WORDS.rising,
    [
      { head: WORDS.name, isName: true, cell: ({ name }) => name },
      { head: WORDS.thisMonth, isNumber: true, cell: ({ reports }) => formatCount(reports) },
      { head: WORDS.lastMonth, isNumber: true, isExtra: true, cell: (row) => formatCount(row.reports_last_month) },
      {
        head: WORDS.change,
        isNumber: true,
        cell: ({ change_percent, is_small }) =>
          element("span", { title: is_small ? WORDS.few : undefined }, percentMark(change_percent)),
      },
    ],
    rows,
  );
}

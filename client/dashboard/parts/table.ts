import { element } from "../../ui/dom.ts";
import { showAll } from "../../words/dashboard-words.ts";

export interface Column<T> {
  readonly head: string;
  /** Numbers stand at the right. */
  readonly isNumber?: boolean;
  /** Left out where there is no room. */
  readonly isExtra?: boolean;
  /** The row's own name: its header. */
  readonly isName?: boolean;
  cell(row: T): Node | string;
}

/** Rows under named columns; wider than its place it scrolls, within reach of the keyboard, or on phones each row is a card. */
export function table<T>(
  caption: string,
  columns: readonly Column<T>[],
  rows: readonly T[],
  onPhones: "scrolled" | "stacked" = "scrolled",
): HTMLElement {
  const classOf = ({ isNumber, isExtra }: Column<T>) => `${isNumber ? "number" : ""} ${isExtra ? "extra" : ""}`.trim();
  const head = columns.map((column) =>
    element("th", { scope: "col", class: classOf(column) || undefined }, column.head),
  );
  const cellOf = (column: Column<T>, row: T) => {
    const content = column.cell(row);
    const attributes = { class: classOf(column) || undefined };
    return column.isName
      ? element("th", { scope: "row", ...attributes }, content)
      : element("td", { ...attributes, "data-head": column.head }, content);
  };
  const body = rows.map((row) => element("tr", {}, ...columns.map((column) => cellOf(column, row))));
  return element(
    "div",
    { class: `table ${onPhones}`, role: "region", tabindex: "0", "aria-label": caption },
    element(
      "table",
      {},
      element("caption", { class: "visually-hidden" }, caption),
      element("thead", {}, element("tr", {}, ...head)),
      element("tbody", {}, ...body),
    ),
  );
}

/** A table that shows so many rows first, and all of them on a button. */
export function longTable<T>(
  caption: string,
  columns: readonly Column<T>[],
  rows: readonly T[],
  most: number,
): HTMLElement[] {
  const shown = table(caption, columns, rows.slice(0, most));
  if (rows.length <= most) return [shown];
  const more = element("button", { type: "button", class: "secondary" }, showAll(rows.length));
  more.addEventListener("click", () => {
    const all = table(caption, columns, rows);
    shown.replaceWith(all);
    more.remove();
    all.focus({ preventScroll: true });
  });
  return [shown, more];
}

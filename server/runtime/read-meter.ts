import { AsyncLocalStorage } from "node:async_hooks";
import type { DerivedItem, DerivedStore } from "../ports/derived-store.ts";
import type { ReadMeter } from "../ports/read-meter.ts";
import type { ReportStore } from "../ports/report-store.ts";
import type { RunSql } from "../ports/sql.ts";

interface Ports {
  readonly store: ReportStore;
  readonly derived: DerivedStore;
  readonly sql: RunSql;
}

/** DynamoDB's read units of what is not strongly consistent: one for 8 KiB, and no request costs less than half of one. */
const BYTES_PER_UNIT = 8 * 1024;
const LEAST_UNITS = 0.5;
/** A report by its id is read strongly consistent. */
const REPORT_UNITS = 1;
/** Of a row of the log with its keys, and what an item has beside its body. */
const ROW_BYTES = 260;
const ITEM_BYTES = 100;
/** A statement of PostgreSQL, which nobody bills by units: some milliseconds of one of ten connections. */
export const STATEMENT_UNITS = 4;

const unitsOf = (bytes: number): number => Math.max(LEAST_UNITS, Math.ceil((2 * bytes) / BYTES_PER_UNIT) / 2);
const unitsOfItems = (items: readonly DerivedItem[]): number =>
  unitsOf(items.reduce((sum, { body }) => sum + body.length + ITEM_BYTES, 0));

/**
 * The stores as requests have them, with what each reads told to the meter: by the sizes of what comes back, so that it is the same for every
 * adapter. Embedded stores bill nothing, but take the time that their reads are long.
 */
export function meterReads<P extends Ports>(ports: P): P & { readonly meter: ReadMeter } {
  const bills = new AsyncLocalStorage<(units: number) => void>();
  const { store, derived, sql } = ports;

  async function told<R>(result: Promise<R>, cost: (result: R) => number): Promise<R> {
    const found = await result;
    bills.getStore()?.(cost(found));
    return found;
  }

  const metered: Ports = {
    store: {
      ...store,
      get: (id) => told(store.get(id), () => REPORT_UNITS),
      getMany: (ids) => told(store.getMany(ids), () => ids.length * REPORT_UNITS),
      readCell: (cell, range) =>
        told(store.readCell(cell, range), ({ reports, edited }) => unitsOf((reports.length + edited.size) * ROW_BYTES)),
      readNewest: (cell, limit, range) =>
        told(store.readNewest(cell, limit, range), (reports) => unitsOf(reports.length * ROW_BYTES)),
    },
    derived: {
      ...derived,
      get: (group, name, options) =>
        told(derived.get(group, name, options), (item) => unitsOfItems(item === undefined ? [] : [item])),
      list: (group, options) => told(derived.list(group, options), unitsOfItems),
    },
    sql: (text, values) => told(sql(text, values), () => STATEMENT_UNITS),
  };
  return { ...ports, ...metered, meter: { run: (spend, work) => bills.run(spend, work) } };
}

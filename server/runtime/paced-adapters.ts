import type { Pace } from "../kit/pace.ts";
import { pacedPort } from "../kit/paced-port.ts";
import type { DerivedStore } from "../ports/derived-store.ts";
import type { ReportStore } from "../ports/report-store.ts";
import type { RunSql } from "../ports/sql.ts";

interface Ports {
  readonly store: ReportStore;
  readonly derived: DerivedStore;
  readonly sql: RunSql;
}

/** The stores as background work has them: its calls wait their turn behind requests, which use the stores themselves. */
export function pacedAdapters({ store, derived, sql }: Ports, pace: Pick<Pace, "run">): Ports {
  return {
    store: pacedPort(store, pace, ["readCell", "readChanges", "recover"]),
    derived: pacedPort(derived, pace, ["list", "get", "put", "remove"]),
    sql: (text, values) => pace.run(() => sql(text, values)),
  };
}

import type { Log } from "../../console/log.ts";
import type { Clock } from "../../ports/clock.ts";
import type { DerivedStore } from "../../ports/derived-store.ts";
import type { ReportStore } from "../../ports/report-store.ts";
import type { ConsumedUnits } from "../../store/dynamo/requests.ts";

export interface OpenReportsOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Told how far is what takes long. */
  readonly onProgress?: (detail: string) => void;
  /** Told what each request to a DynamoDB cost. */
  readonly onConsumed?: (units: ConsumedUnits) => void;
}

/** The report store, with the store of what is derived from the log. */
export interface OpenedReports {
  readonly store: ReportStore;
  readonly derived: DerivedStore;
  /** Deletes some of what has expired; undefined where the store does so by itself. */
  readonly sweep?: () => Promise<void>;
}

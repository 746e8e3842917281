import { ANONYMOUS, type PlanTerms } from "../../server/accounts/plans.ts";
import { silentLog } from "../../server/console/log.ts";
import type { AppParts, AppSettings } from "../../server/http/app.ts";
import { createApp, DEFAULT_SETTINGS } from "../../server/http/app.ts";
import type { DerivedStore } from "../../server/ports/derived-store.ts";
import type { EditedReport } from "../../server/ports/report-store.ts";
import type { RunSql } from "../../server/ports/sql.ts";
import { createSql } from "../../server/postgres/questions.ts";
import { createPyramid } from "../../server/pyramid/pyramid.ts";
import { createMemoryDerivedStore } from "../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../server/store/memory/memory.ts";
import type { Report } from "../../tiles/report.ts";
import { createTestClock } from "./clock.ts";
import { createTestModeration } from "./test-moderation.ts";

export interface LoggedEvent {
  readonly level: "warn" | "error";
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What tests that are about something else may ask without an account. */
export const GENEROUS: PlanTerms = {
  ...ANONYMOUS,
  quotas: { ...ANONYMOUS.quotas, trends: { calls: 1e9, per: "day" }, exports: { calls: 1e9, per: "day" } },
};

export interface TestAppOptions extends Partial<Omit<AppParts, "settings" | "sql">> {
  readonly settings?: Partial<AppSettings>;
  readonly sql?: RunSql;
  /** Shared by apps that are to know of each other's cases; of its own by default. */
  readonly derived?: DerivedStore;
  readonly flagsPerDay?: number;
  onEdit?(edited: EditedReport, before: Report): void;
}

/** The app on a memory store and a pyramid over it, with everything that it tells its parts kept for the test to look at. */
export function createTestApp({ sql, derived, onEdit, flagsPerDay, ...change }: TestAppOptions = {}) {
  const clock = createTestClock();
  const store = change.store ?? createMemoryStore({ clock });
  const over = { store, clock: change.clock ?? clock };
  const kept = derived ?? createMemoryDerivedStore(over);
  const pyramid = createPyramid({ ...over, derived: kept, log: silentLog });
  const stored: Report[] = [];
  const logged: LoggedEvent[] = [];
  const keep =
    (level: LoggedEvent["level"]) =>
    (event: string, fields: LoggedEvent["fields"] = {}) => {
      logged.push({ level, event, fields });
    };
  const log = { debug: () => {}, info: () => {}, warn: keep("warn"), error: keep("error") };
  const onReport = (report: Report) => {
    stored.push(report);
    pyramid.noteReport(report);
  };
  const told = { onReport, onEdit: onEdit ?? pyramid.noteEdited };
  const moderation = createTestModeration({
    ...over,
    ...told,
    derived: kept,
    log: change.log ?? log,
    ...(flagsPerDay && { flagsPerDay }),
  });
  const app = createApp({
    moderation,
    store,
    clock,
    tiles: { read: async () => undefined },
    codings: [],
    pingDatabase: async () => {},
    pyramid,
    onReport,
    clientAddress: (c) => c.req.header("x-test-address") ?? "192.0.2.1",
    isLocal: () => true,
    log,
    ...(sql && { sql: createSql(sql, change.log ?? log) }),
    ...change,
    settings: { ...DEFAULT_SETTINGS, reportsPerMinute: 1e9, anonymous: GENEROUS, ...change.settings },
  });
  return { app, store, clock, told: stored, logged, moderation };
}

export const VALID_BODY = {
  layer: "infrastructure",
  category: "pothole",
  severity: 3,
  lat: 37.7599,
  lon: -122.4148,
  text: "Deep one, right lane",
};

export type TestApp = ReturnType<typeof createTestApp>["app"];

/** Posts a body, as JSON unless it is text already. */
export async function post(
  app: TestApp,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return app.request("/api/reports", {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

/** A report as the API answers it. */
export interface ReportJson {
  readonly id: string;
  readonly lat: number;
  readonly lon: number;
  readonly text?: string;
  readonly [member: string]: unknown;
}

export interface PageJson {
  readonly type: string;
  readonly features: readonly {
    readonly id: string;
    readonly geometry: { readonly coordinates: readonly [number, number] };
    readonly properties: Readonly<Record<string, unknown>>;
  }[];
  readonly next_cursor: string | null;
}

/** Reads a body as what the test says it is. */
export async function readJson<T = ReportJson>(response: Response | Promise<Response>): Promise<T> {
  return (await (await response).json()) as T;
}

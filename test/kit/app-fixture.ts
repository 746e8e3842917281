import { silentLog } from "../../server/console/log.ts";
import type { AppParts, AppSettings } from "../../server/http/app.ts";
import { createApp, DEFAULT_SETTINGS } from "../../server/http/app.ts";
import type { RunSql } from "../../server/ports/sql.ts";
import { createSql } from "../../server/postgres/questions.ts";
import { createPyramid } from "../../server/pyramid/pyramid.ts";
import { createMemoryDerivedStore } from "../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../server/store/memory/memory.ts";
import type { Report } from "../../tiles/report.ts";
import { createTestClock } from "./clock.ts";

export interface LoggedEvent {
  readonly level: "warn" | "error";
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface TestAppOptions extends Partial<Omit<AppParts, "settings" | "sql">> {
  readonly settings?: Partial<AppSettings>;
  readonly sql?: RunSql;
}

/** The app on a memory store and a pyramid over it, with everything that it tells its parts kept for the test to look at. */
export function createTestApp({ sql, ...change }: TestAppOptions = {}) {
  const clock = createTestClock();
  const store = change.store ?? createMemoryStore({ clock });
  const over = { store, clock: change.clock ?? clock };
  const pyramid = createPyramid({ ...over, derived: createMemoryDerivedStore(over), log: silentLog });
  const told: Report[] = [];
  const logged: LoggedEvent[] = [];
  const keep =
    (level: LoggedEvent["level"]) =>
    (event: string, fields: LoggedEvent["fields"] = {}) => {
      logged.push({ level, event, fields });
    };
  const log = { debug: () => {}, info: () => {}, warn: keep("warn"), error: keep("error") };
  const app = createApp({
    store,
    clock,
    tiles: { read: async () => undefined },
    codings: [],
    pingDatabase: async () => {},
    pyramid,
    onReport(report) {
      told.push(report);
      pyramid.noteReport(report);
    },
    onEdit: (edited, before) => pyramid.noteEdited(edited, before),
    clientAddress: (c) => c.req.header("x-test-address") ?? "192.0.2.1",
    isLocal: () => true,
    log,
    ...(sql && { sql: createSql(sql, change.log ?? log) }),
    ...change,
    settings: { ...DEFAULT_SETTINGS, reportsPerMinute: 1e9, ...change.settings },
  });
  return { app, store, clock, told, logged };
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

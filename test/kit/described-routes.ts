import { createUsageLog } from "../../server/accounts/usage-log.ts";
import { createAreaShapes } from "../../server/areas/area-shapes.ts";
import { silentLog } from "../../server/console/log.ts";
import { createMemoryDerivedStore } from "../../server/store/memory/derived-memory.ts";
import { createTestApp } from "./app-fixture.ts";
import { createTestClock } from "./clock.ts";
import { createTestBilling } from "./test-billing.ts";

const unused = () => Promise.reject(new Error("unused"));

/** Every part that has routes of its own, but for what PostgreSQL answers. */
export const allParts = () => ({
  live: { open: unused },
  clusters: { clusterCells: unused, cells: unused, reports: unused },
  areas: {
    catalogue: { live: unused, peek: () => undefined },
    shapes: createAreaShapes({ derived: createMemoryDerivedStore({ clock: createTestClock() }) }),
    reports: unused,
  },
});

/** The app with every part that has routes of its own. */
export function wholeApp() {
  const sql = async () => [];
  const accounts = { billing: createTestBilling(sql), sessions: { of: unused } };
  return createTestApp({ sql, usage: createUsageLog({ sql, log: silentLog }), ...accounts, ...allParts() }).app;
}

interface Described {
  readonly paths: Readonly<Record<string, Readonly<Record<string, object>>>>;
}

/** Every route of /openapi.json, as `GET /api/cities`. */
export async function describedRoutes(): Promise<string[]> {
  const { paths } = (await (await wholeApp().request("/openapi.json")).json()) as Described;
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
}

/** The routes that a text names in code, those of several formats one by one. */
export function listedRoutes(text: string): string[] {
  return [...text.matchAll(/`((?:GET|POST|DELETE|PUT|PATCH) [^`]+)`/g)].flatMap(([, route = ""]) => {
    const [, before = "", formats] = /^(.*\.)\{([\w,]+)\}$/.exec(route) ?? [];
    return formats === undefined ? [route] : formats.split(",").map((format) => before + format);
  });
}

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createUsageLog } from "../../../server/accounts/usage-log.ts";
import { createAreaShapes } from "../../../server/areas/area-shapes.ts";
import { silentLog } from "../../../server/console/log.ts";
import { DEFAULT_SETTINGS } from "../../../server/http/app.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { createTestApp } from "../../kit/app-fixture.ts";
import { createTestClock } from "../../kit/clock.ts";

const document = readFileSync(new URL("../../../docs/api.md", import.meta.url), "utf8");

/** The app with every part that has routes of its own. */
function wholeApp() {
  const sql = async () => [];
  const unused = () => Promise.reject(new Error("unused"));
  return createTestApp({
    sql,
    usage: createUsageLog({ sql, log: silentLog }),
    live: { open: unused },
    clusters: { clusterCells: unused, cells: unused, reports: unused },
    areas: {
      catalogue: { live: unused, peek: () => undefined },
      shapes: createAreaShapes({ derived: createMemoryDerivedStore({ clock: createTestClock() }) }),
      reports: unused,
    },
  }).app;
}

interface Described {
  readonly paths: Readonly<Record<string, Readonly<Record<string, object>>>>;
}

describe("docs/api.md", () => {
  it("lists the routes of /openapi.json, and no others", async () => {
    const { paths } = (await (await wholeApp().request("/openapi.json")).json()) as Described;
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const table = document.split("\n## Routes\n")[1]?.split("\n## ")[0] ?? "";
    const listed = [...table.matchAll(/`((?:GET|POST|DELETE|PUT|PATCH) [^`]+)`/g)].flatMap(([, route = ""]) => {
      const [, before = "", formats] = /^(.*\.)\{([\w,]+)\}$/.exec(route) ?? [];
      return formats === undefined ? [route] : formats.split(",").map((format) => before + format);
    });
    expect(listed.sort()).toEqual(described.sort());
  });

  it("tells the limits that the settings have", () => {
    const { reportsPerMinute, flagsPerMinute, flagsToHide, queryCells } = DEFAULT_SETTINGS;
    const limits = document.split("\n## Limits\n")[1] ?? "";
    expect(limits).toContain(`| ${reportsPerMinute} (\`REPORTS_PER_MINUTE\`) |`);
    expect(limits).toContain(`| ${flagsPerMinute}; ${flagsToHide} |`);
    expect(limits).toContain(`| ${queryCells} geohash-5 cells`);
  });
});

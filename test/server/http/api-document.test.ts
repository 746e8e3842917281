import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { DEFAULT_SETTINGS } from "../../../server/http/app.ts";
import { describedRoutes, listedRoutes } from "../../kit/described-routes.ts";

const document = readFileSync(new URL("../../../docs/api.md", import.meta.url), "utf8");

describe("docs/api.md", () => {
  it("lists the routes of /openapi.json, and no others", async () => {
    const table = document.split("\n## Routes\n")[1]?.split("\n## ")[0] ?? "";
    expect(listedRoutes(table).sort()).toEqual((await describedRoutes()).sort());
  });

  it("tells the limits that the settings have", () => {
    const { reportsPerMinute, flagsPerMinute, flagsToHide, queryCells } = DEFAULT_SETTINGS;
    const limits = document.split("\n## Limits\n")[1] ?? "";
    expect(limits).toContain(`| ${reportsPerMinute} (\`REPORTS_PER_MINUTE\`) |`);
    expect(limits).toContain(`| ${flagsPerMinute}; ${flagsToHide} |`);
    expect(limits).toContain(`| ${queryCells} geohash-5 cells`);
  });
});

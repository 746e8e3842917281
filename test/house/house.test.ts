import { globSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { importsOf, readImports } from "./imports.ts";
import { brokenRules, folderCycles, RULES } from "./rules.ts";

const root = new URL("../../", import.meta.url);

describe("the house", () => {
  const imports = readImports(root);

  it("keeps its rules, and has no folders that import each other", () => {
    expect([...brokenRules(imports), ...folderCycles(imports)]).toEqual([]);
  });

  it("tags every file of the extended tier, which chooses by tags what it runs", () => {
    const files = globSync("test/**/*.extended.test.ts", { cwd: root.pathname });
    const untagged = files.filter((file) => !/@module-tag|tags: /.test(readFileSync(new URL(file, root), "utf8")));
    expect([files.length > 10, untagged]).toEqual([true, []]);
  });

  it("has rooms that each rule is about", () => {
    const files = [...new Set(imports.map(({ from }) => from))];
    for (const { from, why } of RULES)
      expect(
        files.some((file) => from.test(file)),
        why,
      ).toBe(true);
  });
});

describe("an import against the rules", () => {
  it.each([
    ["tiles/geo/geohash.ts", 'import { z } from "zod";'],
    ["tiles/layers.ts", 'import type { Clock } from "../server/ports/clock.ts";'],
    ["server/reports/flag-report.ts", 'import { Hono } from "hono";'],
    ["server/scores/scorer.ts", 'import { join } from "node:path";'],
    ["server/live/hub.ts", 'import { createApp } from "../http/app.ts";'],
    ["server/ports/clock.ts", 'import type { Log } from "../console/log.ts";'],
    ["server/postgres/pool.ts", 'import { etag } from "hono/etag";'],
    ["server/http/app.ts", 'import { createDynamoStore } from "../store/dynamo/dynamo.ts";'],
    ["server/billing/billing.ts", 'import { ask } from "../stripe/stripe-client.ts";'],
    ["server/http/routes/billing.ts", 'import { createStripePayments } from "../../stripe/stripe-payments.ts";'],
    ["server/billing/payments.ts", 'import type { Stripe } from "stripe";'],
    ["server/http/app.ts", 'import { serve } from "@hono/node-server";'],
    ["client/main.ts", 'const { x } = await import("../server/ports/clock.ts");'],
    ["server/node.ts", 'import { random } from "../test/kit/random.ts";'],
    ["bench/main.ts", 'import { suite } from "../test/http/suite.ts";'],
    ["test/http/suite.ts", `const file = new URL("${"../../bench/main.ts"}", import.meta.url);`],
  ])("is found: %s with %s", (file, text) => {
    expect(brokenRules(importsOf(file, text))).not.toEqual([]);
  });

  it("is a cycle around corners as well", () => {
    const cycle = [
      ["server/a/one.ts", 'import { b } from "../b/one.ts";'],
      ["server/b/one.ts", 'export type { C } from "../c/one.ts";'],
      ["server/c/one.ts", 'import "../a/two.ts";'],
      ["server/d/one.ts", 'import { a } from "../a/one.ts";'],
    ].flatMap(([file = "", text = ""]) => importsOf(file, text));
    expect(folderCycles(cycle)).toHaveLength(3);
    expect(folderCycles(cycle.slice(1))).toEqual([]);
  });
});

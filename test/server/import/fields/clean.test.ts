/** @module-tag random */
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { cleanCategory, cleanFileText } from "../../../../server/import/fields/clean.ts";
import { reportOfRow } from "../../../../server/import/fields/row-report.ts";
import { createTimeReader } from "../../../../server/import/fields/time-reader.ts";
import { fileReportSchema } from "../../../../server/reports/report-body.ts";
import { runs } from "../../../kit/runs.ts";

const isFit = (category: string) =>
  fileReportSchema.safeParse({ layer: "vibe", category, severity: 1, lon: 1, lat: 1 }).success;

describe("cleanCategory", () => {
  test.each([
    ["THEFT PLAIN - PETTY ($950 & UNDER)", "THEFT PLAIN - PETTY 950 & UNDER"],
    ["Noise: Loud Music", "Noise Loud Music"],
    ["(null)", "null"],
    ["HEAT/HOT WATER", "HEAT/HOT WATER"],
    ["Voirie > Nid-de-poule", "Voirie Nid-de-poule"],
    ["???", "other"],
    ["", ""],
    ["- a\u0085b\u0000", "a b"],
    ["caf\ufffd", "caf"],
    ["cafe\u0301", "café"],
    ["ASSAULT WITH DEADLY WEAPON, AGGRAVATED ASSAULT", "ASSAULT WITH DEADLY WEAPON AGGRAVATED"],
    ["k".repeat(41), "k".repeat(40)],
    [`${"k".repeat(38)} - mm`, "k".repeat(38)],
    [`${"k".repeat(40)} m`, "k".repeat(40)],
  ])("makes %j fit", (from, to) => {
    expect(cleanCategory(from)).toBe(to);
  });

  test("makes anything fit, and what fits stays", () => {
    const anything = fc.string({
      unit: fc.oneof(
        fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
        fc.constantFrom(" ", "-", "é", "\u0301", "a"),
      ),
      minLength: 1,
      maxLength: 60,
    });
    fc.assert(
      fc.property(anything, (text) => {
        const cleaned = cleanCategory(text.trim() || "x");
        expect(isFit(cleaned)).toBe(true);
        expect(cleanCategory(cleaned)).toBe(cleaned);
        if (isFit(text.trim())) expect(cleaned).toBe(text.trim().normalize("NFC"));
      }),
      runs(2000),
    );
  });
});

test("cleanFileText takes out what nobody sees, and the marks of lost bytes", () => {
  expect(cleanFileText("a\u0085b\u009bc \ufffd\ud800d\r\ne\u0000\u200b")).toBe("a\nbc d\ne");
});

test.each(["N/A", "n/a", " NULL ", "--"])(
  "cleanFileText leaves nothing of %j, which says that there is no text",
  (text) => {
    expect(cleanFileText(text)).toBe("");
  },
);

test.each(["Nullarbor", "N/A on my bill", "NA", "5 - 7"])("cleanFileText leaves %j", (text) => {
  expect(cleanFileText(text)).toBe(text);
});

test("thousands of marks on one letter are too many, and are never normalized, which takes their square", () => {
  const marked = `a${"\u0301\u0316".repeat(100_000)}b`;
  const values = { lon: "1", lat: "2", time: "0", layer: "vibe", category: "noise", severity: "1", text: "" };
  const options = { nowMs: 0, readTime: createTimeReader({ format: "unix" }), mapTime: (timeMs: number) => timeMs };
  const reportOf = (more: object, clean: boolean) =>
    reportOfRow({ ...values, ...more }, { tail: "00000000" }, { ...options, clean });
  const normalized = vi.spyOn(String.prototype, "normalize");
  expect(reportOf({ category: marked }, false)).toMatchObject({ field: "category" });
  expect(reportOf({ category: marked }, true)).toMatchObject({ category: expect.stringMatching(/^.{40}$/u) });
  expect(reportOf({ text: marked }, false)).not.toHaveProperty("text");
  expect(reportOf({ text: marked }, true)).toMatchObject({ text: expect.stringMatching(/^.{279}…$/u) });
  const lengths = normalized.mock.contexts.map((text) => String(text).length);
  normalized.mockRestore();
  expect(lengths.length).toBeGreaterThan(0);
  expect(Math.max(...lengths)).toBeLessThan(1_000);
});

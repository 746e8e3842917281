import { describe, expect, test } from "vitest";
import { createValueMap, parseValueMaps } from "../../../../server/import/fields/value-map.ts";

const severities = (...rules: string[]) =>
  createValueMap("severity", parseValueMaps(rules.map((rule) => `severity:${rule}`)).severity);

describe("a value map", () => {
  test("of severities compares numbers, a value's own rule before ranges, the first range before others, then *", () => {
    const map = severities("1..3=1", ">=8=5", "> 5=4", "10=3", "high=4", "*=2");
    expect(["1", "2.5", "3", "8", "8.0", "5.5", "5", "10", "high", "-1", "x", ""].map(map.apply)).toEqual([
      ...["1", "1", "1", "5", "5", "4", "2", "3", "4", "2", "2", "2"],
    ]);
  });

  test("rounds where it is told to, halves upwards, and leaves words alone", () => {
    const map = severities("*=round");
    expect(["3.5", "2.49", "3.0", "-0.5", "true", "1e400", ""].map(map.apply)).toEqual([
      ...["4", "2", "3", "0", "true", "1e400", ""],
    ]);
    expect(severities("0..2=round").apply("4.4")).toBe("4.4");
  });

  test("of other fields compares letters only", () => {
    const map = createValueMap("category", parseValueMaps(["category:1..3=few"]).category);
    expect(["2", "1..3"].map(map.apply)).toEqual(["2", "few"]);
  });

  test("may have an equals sign in its value behind a backslash", () => {
    const { category, severity } = parseValueMaps(["category:a\\=b=c=d", "severity:<=2=1"]);
    expect([...(category ?? [])]).toEqual([["a=b", "c=d"]]);
    expect([...(severity ?? [])]).toEqual([["<=2", "1"]]);
  });

  test("tells the rules that nothing met", () => {
    const map = severities("murder=5", "theft=2", "7..9=3", "*=1");
    map.apply("theft");
    map.apply("Murder");
    expect(map.unmet()).toEqual(["murder", "7..9"]);
  });

  test.each(["severity:a=6", "severity:a=high", "severity:a=0", "severity:a=2.5"])("refuses %s", (rule) => {
    expect(() => parseValueMaps([rule])).toThrow(`--map ${rule} gives no severity: write 1 to 5, or round.`);
  });
});

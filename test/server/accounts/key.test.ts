import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { hashKey, isKey, makeKey, visiblePrefix } from "../../../server/accounts/key.ts";

describe("a key", () => {
  it("is unlike every other, of letters and digits that come equally often", () => {
    const keys = Array.from({ length: 3_000 }, makeKey);
    for (const key of keys) expect(isKey(key), key).toBe(true);
    expect(new Set(keys).size).toBe(keys.length);
    const counts = new Map<string, number>();
    for (const key of keys) for (const letter of key.slice(8)) counts.set(letter, (counts.get(letter) ?? 0) + 1);
    expect(counts.size).toBe(62);
    // 1 935 expected, deviation 44; a plain remainder would make eight of them a quarter likelier.
    for (const [letter, count] of counts) expect(Math.abs(count - 1_935), letter).toBeLessThan(6 * 44);
  });

  it("shows 14 characters of 48, and is stored as SHA-256 in hex", async () => {
    const key = makeKey();
    expect([key.length, visiblePrefix(key)]).toEqual([48, key.slice(0, 14)]);
    expect(hashKey(key)).toBe(createHash("sha256").update(key).digest("hex"));
  });

  it.each([
    ["nothing", ""],
    ["its beginning", "stratum_"],
    ["a longer one", `${makeKey()}x`],
    ["one behind a space", ` ${makeKey()}`],
    ["one before a line's end", `${makeKey()}\n`],
    ["one in other letters", makeKey().replace("stratum", "Stratum")],
  ])("is not %s", (_, text) => expect(isKey(text)).toBe(false));
});

import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { describe, expect, it } from "vitest";
import { hashKey, isKey, makeKey, saysRestricted, visiblePrefix } from "../../../server/accounts/key.ts";

describe("a key", () => {
  it("is unlike every other, of letters and digits that come equally often", () => {
    const keys = Array.from({ length: 3_000 }, () => makeKey());
    for (const key of keys) expect(isKey(key), key).toBe(true);
    expect(new Set(keys).size).toBe(keys.length);
    const counts = new Map<string, number>();
    for (const key of keys) for (const letter of key.slice(8, 42)) counts.set(letter, (counts.get(letter) ?? 0) + 1);
    expect(counts.size).toBe(62);
    // 1 645 expected, deviation 40; a plain remainder would make eight of them a quarter likelier.
    for (const [letter, count] of counts) expect(Math.abs(count - 1_645), letter).toBeLessThan(6 * 40);
  });

  it("ends in its CRC-32 in base 62, and says by it whether it is for some origins alone", () => {
    const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    const numberOf = (text: string) => [...text].reduce((sum, digit) => sum * 62 + digits.indexOf(digit), 0);
    for (let i = 0; i < 200; i++) {
      const [open, restricted] = [makeKey(), makeKey({ isRestricted: true })];
      expect(numberOf(open.slice(-6))).toBe(crc32(open.slice(0, -6)));
      expect([saysRestricted(open), saysRestricted(restricted), isKey(restricted)]).toEqual([false, true, true]);
    }
    // Made before there were checksums.
    const old = `stratum_${"A".repeat(40)}`;
    expect([isKey(old), saysRestricted(old)]).toEqual([true, false]);
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

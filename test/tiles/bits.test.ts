import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createBitReader, createBitWriter, golombBits } from "../../tiles/codec/bits.ts";
import { createBytes } from "../../tiles/codec/bytes.ts";

const number = fc.oneof(
  fc.record({ code: fc.constant("bits" as const), value: fc.maxSafeNat(), of: fc.integer({ min: 0, max: 53 }) }),
  fc.record({
    code: fc.constant("truncated" as const),
    value: fc.maxSafeNat(),
    of: fc.integer({ min: 1, max: 2 ** 40 }),
  }),
  fc.record({ code: fc.constant("truncated" as const), value: fc.nat(), of: fc.integer({ min: 1, max: 9 }) }),
  fc.record({ code: fc.constant("golomb" as const), value: fc.nat(9), of: fc.integer({ min: 0, max: 15 }) }),
  fc.record({ code: fc.constant("golomb" as const), value: fc.maxSafeNat(), of: fc.integer({ min: 0, max: 15 }) }),
);

/** The number brought into the range of its code. */
const fit = ({ code, value, of }: { code: "bits" | "truncated" | "golomb"; value: number; of: number }) => ({
  code,
  of,
  value: code === "bits" ? value % 2 ** of : code === "truncated" ? value % of : value % 2 ** 51,
});

describe("numbers of any width in bits", () => {
  it("read back as they were, in any mixture", () => {
    fc.assert(
      fc.property(fc.array(number.map(fit)), (numbers) => {
        const out = createBytes(8);
        out.byte(7);
        const bits = createBitWriter(out);
        for (const { code, value, of } of numbers) bits[code](value, of);
        bits.finish();
        const reader = createBitReader(out.view(), 1);
        expect(numbers.map(({ code, of }) => reader[code](of))).toEqual(numbers.map(({ value }) => value));
        expect(reader.position()).toBe(out.length());
      }),
    );
  });

  it("take the bits that they are said to take", () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 0, max: 15 }), (value, order) => {
        const out = createBytes(8);
        const bits = createBitWriter(out);
        bits.golomb(value, order);
        bits.finish();
        expect(out.length()).toBe(Math.ceil(golombBits(value, order) / 8));
      }),
    );
  });

  it("are refused where the bytes hold none", () => {
    expect(() => createBitReader(new Uint8Array(20), 0).golomb(3)).toThrow(RangeError);
  });
});

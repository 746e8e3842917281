import fc from "fast-check";
import { PbfReader } from "pbf";
import { describe, expect, it } from "vitest";
import { createByteReader, createBytes } from "../../tiles/codec/bytes.ts";
import { varintLength, writeVarint } from "../../tiles/codec/varint.ts";

const whole = fc.oneof(
  fc.maxSafeNat(),
  fc.tuple(fc.integer({ min: 0, max: 52 }), fc.integer({ min: -1, max: 1 })).map(([bits, by]) => 2 ** bits + by),
);

describe("a varint", () => {
  it("is read by us and by pbf as it was written, in as many bytes as were told", () => {
    fc.assert(
      fc.property(fc.array(whole), (values) => {
        const bytes = createBytes(1);
        for (const value of values) bytes.varint(value);
        const ours = createByteReader(bytes.take());
        const theirs = new PbfReader(bytes.take());
        for (const value of values) {
          const start = ours.position();
          expect(ours.varint()).toBe(value);
          expect(theirs.readVarint()).toBe(value);
          expect(ours.position() - start).toBe(varintLength(value));
        }
        expect(ours.left()).toBe(0);
      }),
    );
  });

  it("of 2^53 - 1 takes eight bytes", () => {
    const out = new Uint8Array(10);
    expect(writeVarint(out, 1, 2 ** 53 - 1)).toBe(9);
    expect([...out]).toEqual([0, 255, 255, 255, 255, 255, 255, 255, 15, 0]);
  });
});

import { describe, expect, it } from "vitest";
import { createSlots } from "../../../server/kit/slots.ts";

const LIMITS = { total: 6, kept: 2, perClient: 2, perCustomer: 3 };
const take = (slots: ReturnType<typeof createSlots>, who: string, isCustomer = false) =>
  slots.take({ who, isCustomer });

describe("slots", () => {
  it("are so many a client, and again when it gives one back, however often it says so", () => {
    const slots = createSlots(LIMITS);
    const first = take(slots, "a");
    take(slots, "a");
    expect(take(slots, "a")).toBe("client");
    if (typeof first === "string") throw new Error(first);
    first();
    first();
    expect(take(slots, "a")).toBeTypeOf("function");
    expect(take(slots, "a")).toBe("client");
  });

  it("are kept for customers in part, whoever has the rest, and customers leave the others theirs in turn", () => {
    const slots = createSlots(LIMITS);
    for (const who of ["a", "a", "b", "b"]) expect(take(slots, who)).toBeTypeOf("function");
    expect(take(slots, "c")).toBe("full");
    // Of the same name as a client without a key.
    const kept = [take(slots, "a", true), take(slots, "a", true)];
    expect(kept.map((slot) => typeof slot)).toEqual(["function", "function"]);
    expect(take(slots, "d", true)).toBe("full");
    expect(take(createSlots(LIMITS), "d", true)).toBeTypeOf("function");
  });

  it("are so many a customer", () => {
    const slots = createSlots(LIMITS);
    for (let i = 0; i < 3; i++) expect(take(slots, "a", true)).toBeTypeOf("function");
    expect(take(slots, "a", true)).toBe("client");
  });
});

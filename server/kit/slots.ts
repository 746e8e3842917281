import { createClientHash } from "./client-hash.ts";

/** How much of something may be under way at once. */
export interface SlotLimits {
  /** By everybody together. */
  readonly total: number;
  /** Of these for customers alone. */
  readonly kept: number;
  /** By one client without a key, by its line (`lineOf`). */
  readonly perClient: number;
  /** By one customer: an account, whatever lines its keys are sent from. */
  readonly perCustomer: number;
}

/** Who wants a slot. */
export interface SlotHolder {
  /** A client's line, or an account. */
  readonly who: string;
  readonly isCustomer?: boolean;
}

/** `client`: who asks has all that one may have; `full`: there is none left for such as him. */
export type SlotRefusal = "client" | "full";

export interface Slots {
  /** Takes a slot. @returns what gives it back, once however often it is called, or why there is none */
  take(holder: SlotHolder): (() => void) | SlotRefusal;
}

/** Counts who holds what, in memory: as many names as there are slots. */
export function createSlots({ total, kept, perClient, perCustomer }: SlotLimits): Slots {
  const held = new Map<string, number>();
  const nameOf = createClientHash();
  let taken = 0;
  let takenByOthers = 0;

  return {
    take({ who, isCustomer = false }) {
      const name = nameOf(`${isCustomer} ${who}`);
      const own = held.get(name) ?? 0;
      if (own >= (isCustomer ? perCustomer : perClient)) return "client";
      if (taken >= total || (!isCustomer && takenByOthers >= total - kept)) return "full";
      const count = (by: 1 | -1) => {
        const left = (held.get(name) ?? 0) + by;
        if (left > 0) held.set(name, left);
        else held.delete(name);
        taken += by;
        if (!isCustomer) takenByOthers += by;
      };
      count(1);
      let isHeld = true;
      return () => {
        if (isHeld) count(-1);
        isHeld = false;
      };
    },
  };
}

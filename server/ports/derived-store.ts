/** One stored item of derived data. */
export interface DerivedItem {
  readonly name: string;
  readonly body: Uint8Array;
  /** Changes with every write; what a conditional write must name. */
  readonly version: number;
}

/**
 * Data made from the report log, kept because it is cheaper to read: never truth, so losing any of it costs time only.
 * Items live in named groups that are read together, in the order of their names. Two kinds of items are not made from the log, and
 * are kept here all the same, because they are read and written in the same way: areas, and what moderators decided.
 */
export interface DerivedStore {
  /** Items of a group, ascending by name unless told otherwise. `consistent` also sees what was written a moment ago, at twice the price. */
  list(group: string, options?: ListOptions): Promise<DerivedItem[]>;
  get(group: string, name: string, options?: { consistent?: boolean }): Promise<DerivedItem | undefined>;
  /**
   * Writes an item if its version is still `expected` (undefined: if there is none). False: another writer was faster, and
   * nothing was written. The store may drop the item from `expiresAtMs` on.
   */
  put(group: string, name: string, body: Uint8Array, condition: PutCondition): Promise<boolean>;
  /** Removes those items whose versions are still these; what another writer wrote meanwhile stays. */
  remove(group: string, items: readonly Pick<DerivedItem, "name" | "version">[]): Promise<void>;
}

export interface ListOptions {
  readonly consistent?: boolean;
  /** Only names that do not sort before; by their UTF-8 bytes, as all order of names. */
  readonly from?: string;
  /** Only names that do not sort after. */
  readonly to?: string;
  /** Not more than so many. */
  readonly limit?: number;
  /** The last names first, which matters with a limit; the answer is descending then. */
  readonly descending?: boolean;
}

export interface PutCondition {
  readonly expected: number | undefined;
  readonly expiresAtMs?: number;
}

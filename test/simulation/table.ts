import type { Key } from "../../server/store/keys.ts";
import { hashOf } from "../kit/random.ts";

/** An item as it is stored: attributes beside the key. */
export type Item = Key & Readonly<Record<string, unknown>>;

/** One DynamoDB table in memory that remembers for a while what it held before, for reads that lag behind. */
export interface Table {
  get(key: Key, atMs?: number): Item | undefined;
  put(item: Item): void;
  remove(key: Key): void;
  /** Items of a partition with sort keys from one to another, both inclusive, ascending. */
  range(pk: string, span: { readonly from: string; readonly to: string }, atMs?: number): Item[];
  /** All items in an order that has nothing to do with their keys, partition by partition. */
  all(atMs?: number): Item[];
}

interface Version {
  readonly fromMs: number;
  readonly item: Item | undefined;
}

interface Partition {
  readonly versions: Map<string, Version[]>;
  /** Sort keys in order, when it is known. */
  sorted: string[] | undefined;
}

/** Longer than any read lags behind. */
export const HISTORY_MS = 2000;

export function createTable(nowMs: () => number): Table {
  const partitions = new Map<string, Partition>();

  function write({ pk, sk }: Key, item: Item | undefined): void {
    const partition: Partition = partitions.get(pk) ?? { versions: new Map(), sorted: undefined };
    partitions.set(pk, partition);
    const known = partition.versions.get(sk);
    if (known === undefined) partition.sorted = undefined;
    const now = nowMs();
    // The newest of those that are too old to be told apart stands for them all.
    const first = (known ?? []).findLastIndex(({ fromMs }) => fromMs <= now - HISTORY_MS);
    partition.versions.set(sk, [...(known ?? []).slice(Math.max(0, first)), { fromMs: now, item }]);
  }

  function itemOf(versions: readonly Version[] | undefined, atMs: number): Item | undefined {
    return versions?.findLast(({ fromMs }) => fromMs <= atMs)?.item;
  }

  function sortKeys(partition: Partition): string[] {
    partition.sorted ??= [...partition.versions.keys()].sort();
    return partition.sorted;
  }

  function range(pk: string, { from, to }: { from: string; to: string }, atMs = Infinity): Item[] {
    const partition = partitions.get(pk);
    if (partition === undefined) return [];
    const found: Item[] = [];
    const keys = sortKeys(partition);
    for (let i = lowerBound(keys, from); i < keys.length; i++) {
      const sk = keys[i] as string;
      if (sk > to) break;
      const item = itemOf(partition.versions.get(sk), atMs);
      if (item !== undefined) found.push(item);
    }
    return found;
  }

  return {
    get: ({ pk, sk }, atMs = Infinity) => itemOf(partitions.get(pk)?.versions.get(sk), atMs),
    put: (item) => write(item, keepBytes(item)),
    remove(key) {
      if (partitions.get(key.pk)?.versions.has(key.sk)) write(key, undefined);
    },
    range,
    all: (atMs) => inHashOrder([...partitions.keys()]).flatMap((pk) => range(pk, { from: "", to: "\uffff" }, atMs)),
  };
}

function inHashOrder(names: readonly string[]): string[] {
  const hashed = names.map((pk) => ({ pk, hash: hashOf(pk) }));
  return hashed.sort((a, b) => a.hash - b.hash || (a.pk < b.pk ? -1 : 1)).map(({ pk }) => pk);
}

/** A copy: the caller may fill its arrays with something else. */
function keepBytes(item: Item): Item {
  const kept: Record<string, unknown> & Key = { ...item };
  for (const [name, value] of Object.entries(item)) {
    if (value === undefined) throw new Error(`attribute ${name} of ${item.pk} ${item.sk} is undefined`);
    if (value instanceof Uint8Array) kept[name] = Uint8Array.from(value);
  }
  return kept;
}

function lowerBound(sorted: readonly string[], text: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as string) < text) low = middle + 1;
    else high = middle;
  }
  return low;
}

import { LRUCache } from "lru-cache";

/**
 * Values that were built, each kept until something below it changes or its time is up, within a bound of bytes. Not by the
 * `fetch` of lru-cache: it shares every build, and a Worker must not.
 */
export interface BuildCache<T> {
  /** What was built for a key and still holds at a time, or builds it. */
  get(key: string, prefix: string, atMs: number, build: () => Promise<T>): Promise<T>;
  /** What was built for a key, when it still holds at a time; builds nothing. */
  peek(key: string, atMs: number): T | undefined;
  /** Something below a prefix changed: forgets all that was built for it, and keeps builds under way from being kept. */
  touch(prefix: string): void;
}

interface Kept<T> {
  readonly value: T;
  /** Valid for times in [fromMs, staleAtMs). */
  readonly fromMs: number;
  readonly staleAtMs: number;
  readonly prefix: string;
}

/** Fixed cost of an entry beside its value. */
const ENTRY_BYTES = 400;

export interface BuildCacheOptions<T> {
  readonly maxBytes: number;
  readonly bytesOf: (value: T) => number;
  /**
   * Whether who asks for what is being built waits for that build. False in a Worker: a build's requests to the store end
   * with the request that began it, so nobody else may wait for them.
   */
  readonly shareBuilds: boolean;
}

export function createBuildCache<T extends { readonly staleAtMs: number }>(
  options: BuildCacheOptions<T>,
): BuildCache<T> {
  const { maxBytes, bytesOf, shareBuilds } = options;
  /** Keys that are kept, or being built, by prefix. */
  const keysOf = new Map<string, Set<string>>();
  const kept = new LRUCache<string, Kept<T>>({
    // Shares of a bound need not be whole.
    maxSize: Math.ceil(maxBytes),
    sizeCalculation: ({ value }) => bytesOf(value) + ENTRY_BYTES,
    dispose({ prefix }, key, reason) {
      if (reason !== "set" && !building.has(key)) forget(prefix, key);
    },
  });
  const building = new Map<string, { readonly atMs: number; readonly result: Promise<T> }>();
  /** When a prefix was last touched, while builds are under way that may have begun before. */
  const touchedAt = new Map<string, number>();
  let touches = 0;
  let builds = 0;

  function note(prefix: string, key: string): void {
    const keys = keysOf.get(prefix);
    if (keys === undefined) keysOf.set(prefix, new Set([key]));
    else keys.add(key);
  }

  function forget(prefix: string, key: string): void {
    const keys = keysOf.get(prefix);
    if (keys?.delete(key) && keys.size === 0) keysOf.delete(prefix);
  }

  async function build(key: string, prefix: string, atMs: number, make: () => Promise<T>): Promise<T> {
    const startedAt = touches;
    builds++;
    try {
      const value = await make();
      if ((touchedAt.get(prefix) ?? -1) < startedAt) {
        kept.set(key, { value, fromMs: atMs, staleAtMs: value.staleAtMs, prefix });
        // What is larger than the whole cache is not kept.
        if (kept.has(key)) note(prefix, key);
      }
      return value;
    } finally {
      if (--builds === 0) touchedAt.clear();
    }
  }

  function peek(key: string, atMs: number): T | undefined {
    const entry = kept.get(key);
    return entry !== undefined && atMs >= entry.fromMs && atMs < entry.staleAtMs ? entry.value : undefined;
  }

  return {
    peek,
    get(key, prefix, atMs, make) {
      const known = peek(key, atMs);
      if (known !== undefined) return Promise.resolve(known);
      if (!shareBuilds) return build(key, prefix, atMs, make);
      const running = building.get(key);
      if (running !== undefined && running.atMs === atMs) return running.result;
      const result = build(key, prefix, atMs, make).finally(() => {
        if (building.get(key)?.result === result) building.delete(key);
        if (!building.has(key) && !kept.has(key)) forget(prefix, key);
      });
      building.set(key, { atMs, result });
      note(prefix, key);
      return result;
    },
    touch(prefix) {
      if (builds > 0) touchedAt.set(prefix, touches++);
      const keys = keysOf.get(prefix);
      keysOf.delete(prefix);
      for (const key of keys ?? []) {
        kept.delete(key);
        building.delete(key);
      }
    },
  };
}

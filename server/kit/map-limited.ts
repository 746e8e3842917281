/**
 * Like Promise.all over a map, with at most `limit` under way; the first failure rejects. Results keep the input's order. Of one
 * list, so that `limit` loops do it: a limiter, or `p-map`, would keep a promise waiting for each item.
 */
export async function mapLimited<T, R>(
  items: readonly T[],
  limit: number,
  map: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = new Array<R>(items.length);
  let next = 0;
  async function work(): Promise<void> {
    while (next < items.length) {
      const at = next++;
      results[at] = await map(items[at] as T, at);
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, work));
  return results;
}

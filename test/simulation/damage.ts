import type { Random } from "../kit/random.ts";
import type { Table } from "./table.ts";

/** Cuts off, or changes a byte of, some item of derived data, as a faulty program might; returns which, or "nothing". */
export function damage(table: Table, random: Random): string {
  const items = table.all().filter(({ pk, body }) => pk.startsWith("derived#") && body instanceof Uint8Array);
  if (items.length === 0) return "nothing";
  const item = random.pick(items);
  const body = Uint8Array.from(item.body as Uint8Array);
  const at = random.below(body.length);
  if (random.chance(0.5)) table.put({ ...item, body: body.subarray(0, at) });
  else table.put({ ...item, body: body.with(at, (body[at] as number) ^ (1 << random.below(8))) });
  return `${item.pk} ${item.sk}`;
}

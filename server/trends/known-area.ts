import type { Sql } from "../ports/sql.ts";

/** An area of which there is a history, also when it is gone from its set. */
export interface KnownArea {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly city: string;
}

/** The area of an id; undefined when none was ever scored. */
export async function findKnownArea(sql: Sql, id: string): Promise<KnownArea | undefined> {
  const [row] = await sql.query("SELECT name, kind, city FROM areas WHERE id = $1", [id]);
  return row && { id, name: String(row.name), kind: String(row.kind), city: String(row.city) };
}

/** Cities whose areas were ever scored, in the order of ids; the first of them. */
export async function readAreaCities(sql: Sql): Promise<string[]> {
  const rows = await sql.query("SELECT DISTINCT city FROM areas ORDER BY city LIMIT 1000", []);
  return rows.map(({ city }) => String(city));
}

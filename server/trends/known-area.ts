import { OWN } from "../areas/own-area-id.ts";
import type { Sql } from "../ports/sql.ts";

/** An area of which there is a history, also when it is gone from its set. */
export interface KnownArea {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly city: string;
  /** Whether it is an area of an account; then who asks is its owner. */
  readonly isOwn: boolean;
}

/** The area of an id; undefined when none was ever scored. */
export async function findKnownArea(sql: Sql, id: string): Promise<KnownArea | undefined> {
  const [row] = await sql.query("SELECT name, kind, city FROM areas WHERE id = $1", [id]);
  return row && { id, name: String(row.name), kind: String(row.kind), city: String(row.city), isOwn: false };
}

/** The same of an area of an account; undefined to everybody but its owner. */
export async function findOwnArea(sql: Sql, id: string, owner: string): Promise<KnownArea | undefined> {
  const [row] = await sql.query("SELECT name FROM own_areas WHERE id = $1 AND owner = $2", [id, owner]);
  return row && { id, name: String(row.name), kind: OWN, city: OWN, isOwn: true };
}

/** Cities whose areas were ever scored, in the order of ids; the first of them. */
export async function readAreaCities(sql: Sql): Promise<string[]> {
  const rows = await sql.query("SELECT DISTINCT city FROM areas ORDER BY city LIMIT 1000", []);
  return rows.map(({ city }) => String(city));
}

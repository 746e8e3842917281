import type { Sql } from "../ports/sql.ts";

/** Asks the time, so that Hyperdrive does not answer by itself what was so a minute ago; see `FIND_KEY`. */
const IS_OPERATOR = "SELECT is_operator, now() AS read_at FROM users WHERE id = $1";

/** Whether an account is an operator's now. @throws DatabaseUnavailableError */
export async function isOperator(sql: Sql, userId: string): Promise<boolean> {
  const [row] = await sql.query(IS_OPERATOR, [userId]);
  return row?.is_operator === true;
}
